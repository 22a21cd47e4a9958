"""The bot, its Telegram and its engine, each a process as an operator starts it."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parents[1]
START_SECONDS = 60.0
END_SECONDS = 30.0
LOOK_EVERY = 0.03
_TICKS = os.sysconf("SC_CLK_TCK")


class StartFailed(Exception):
    """A process ended, or said nothing for too long, before it did its work."""


def free_port() -> int:
    """A port of this machine that nothing listens on now; raises OSError if there is none."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def bare_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """An environment of nothing but `settings` and what Python needs to find the packages."""
    path = os.environ.get("PATH", "")
    return {"PATH": path, "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", **settings}


@dataclass(frozen=True, slots=True)
class Ending:
    """How a command ended."""

    status: int
    output: str


class Child(Protocol):
    """What is asked of a running child; `subprocess.Popen` answers it."""

    stdout: IO[bytes] | None

    @property
    def pid(self) -> int:
        """Its id."""

    def poll(self) -> int | None:
        """Its exit status; None while it runs."""

    def wait(self, timeout: float) -> int:
        """Its exit status, once it has ended; raises subprocess.TimeoutExpired."""

    def send_signal(self, sig: int) -> None:
        """Send a signal, if it runs."""


class Process:
    """Python as a child process that never outlives the one that started it.

    Its output is kept in memory, or in the file `log` where there may be much of it.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        log: Path | None = None,
    ) -> None:
        self._arguments = arguments
        self._environment = environment
        self._folder = folder
        self._log = log
        self._child: Child | None = None
        self._reader: threading.Thread | None = None
        self._lines: list[str] = []
        self._said_before = 0

    @property
    def output(self) -> str:
        """What it has written so far, over all its starts."""
        if self._log is None:
            return "".join(self._lines)
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    @property
    def last_line(self) -> str:
        """The end of what it wrote, which is where a program says why it ended."""
        lines = self.output.strip().splitlines()
        return lines[-1] if lines else "it ended without a word."

    @property
    def pid(self) -> int:
        """Of the running child."""
        assert self._child is not None
        return self._child.pid

    @property
    def launched(self) -> bool:
        """Whether it was ever started."""
        return self._child is not None

    @property
    def running(self) -> bool:
        """Whether there is a child that has not ended."""
        return self._child is not None and self._child.poll() is None

    def launch(self) -> None:
        """Start, without waiting for anything."""
        assert not self.running
        self._said_before = len(self.output)
        self._child = self._spawn(self._arguments, self._environment, self._folder)
        if self._child.stdout is not None:
            self._reader = threading.Thread(target=self._read, args=(self._child,), daemon=True)
            self._reader.start()

    def _spawn(
        self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path
    ) -> Child:
        with ExitStack() as opened:
            log = opened.enter_context(self._log.open("ab")) if self._log else subprocess.PIPE
            return subprocess.Popen(
                [sys.executable, *arguments],
                env=dict(environment),
                cwd=folder,  # where no .env of a developer lies
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the one who started it
                preexec_fn=die_with_parent if sys.platform == "linux" else None,
            )

    def is_ready(self) -> bool:
        """Whether it does its work."""
        return self.running

    def start(self) -> None:
        """Start, and wait until it does its work; raises `StartFailed`."""
        self.launch()
        self.wait_ready()

    def wait_ready(self) -> None:
        """Wait until it does its work; raises `StartFailed`."""
        deadline = time.monotonic() + START_SECONDS
        while not self.is_ready():
            self.check_start(deadline)
            time.sleep(LOOK_EVERY)

    def check_start(self, deadline: float) -> None:
        """Raise `StartFailed` if it has ended, or if the deadline (monotonic) is over."""
        if not self.running:
            self._join_reader()
            raise StartFailed(f"{self._arguments[1]} did not start: {self.last_line}")
        if time.monotonic() > deadline:
            raise StartFailed(f"{self._arguments[1]} does not get ready: {self.last_line}")

    def first_line(self) -> str | None:
        """The first line that it wrote since it was launched, once it is whole."""
        fresh = self.output[self._said_before :]
        return fresh.partition("\n")[0] if "\n" in fresh else None

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal and wait for nothing."""
        assert self._child is not None
        self._child.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, wait for the end, return the exit status."""
        self.send_signal(number)
        return self.wait()

    def kill(self) -> None:
        """End as a crash does, if it runs."""
        if self.running:
            self.end(signal.SIGKILL)

    def wait(self, seconds: float = END_SECONDS) -> int:
        """The exit status, once it has ended by itself."""
        assert self._child is not None
        status = self._child.wait(seconds)
        self._join_reader(seconds)
        return status

    def cpu_seconds(self) -> float:
        """CPU time used so far, without child processes (Linux)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def resident_bytes(self) -> int:
        """Memory in use now (Linux)."""
        pages = Path(f"/proc/{self.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def _join_reader(self, seconds: float = END_SECONDS) -> None:
        if self._reader is not None:
            self._reader.join(seconds)

    def _read(self, child: Child) -> None:
        assert child.stdout is not None
        with child.stdout:
            self._lines.extend(line.decode(errors="replace") for line in child.stdout)


class BotProcess(Process):
    """`python -m bot`, or another `module` that runs it, with nothing set but `settings`."""

    def __init__(
        self,
        settings: Mapping[str, str],
        folder: Path,
        *,
        module: str = "bot",
        log: Path | None = None,
    ) -> None:
        self.port = int(settings.get("HTTP_PORT") or free_port())
        self.settings = {
            "DATA_DIR": str(folder / "data"),
            "BURST_WINDOW": "0",
            "SECOND_READERS": "engine",
            **settings,
            "HTTP_PORT": str(self.port),
        }
        self.data_dir = Path(self.settings["DATA_DIR"])
        self._taken = 0
        super().__init__(["-m", module], bare_environment(self.settings), folder, log)

    def is_ready(self) -> bool:
        """Whether a message would be kept."""
        return self.readiness() is not None

    def readiness(self) -> dict[str, object] | None:
        """The body of /readyz; None while it does not answer 200."""
        # Not httpx: each client of its loads certificates, 20 ms of CPU, and this asks often.
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        with closing(connection), suppress(OSError, HTTPException):
            connection.request("GET", "/readyz")
            answer = connection.getresponse()
            if answer.status == 200:
                return dict(json.loads(answer.read()))
        return None

    def run_to_the_end(self) -> Ending:
        """Start one that is expected to give up by itself."""
        self.launch()
        try:
            return Ending(self.wait(START_SECONDS), self.output)
        finally:
            self.kill()

    def let_files_grow_to(self, size: int | None) -> None:
        """Refuse every write beyond `size` bytes of a file, as a full disk does; None allows all.

        The process's own limit is lowered and lifted from outside while it runs.
        """
        _, hard = resource.prlimit(self.pid, resource.RLIMIT_FSIZE)
        soft = hard if size is None else size
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (soft, hard))

    def take_log(self) -> str:
        """What was logged since this was asked last."""
        fresh = self._lines[self._taken :]
        self._taken += len(fresh)
        return "".join(fresh)


class SandboxProcess(Process):
    """`python -m bot.sandbox`: a Telegram that goes on when the bot dies."""

    def __init__(
        self,
        folder: Path,
        *,
        data_dir: Path | None = None,
        key: str = "",
        options: Sequence[str] = (),
        log: Path | None = None,
    ) -> None:
        """`options`: more of its command line."""
        self.port = free_port()
        self.token = f"{secrets.randbelow(10**9) + 10**9}:{secrets.token_hex(16)}"
        self.url = f"http://127.0.0.1:{self.port}"
        keeping = ["--data-dir", str(data_dir)] if data_dir else []
        arguments = ["-m", "bot.sandbox", "--port", str(self.port), "--token", self.token]
        super().__init__(
            [*arguments, *keeping, *options], bare_environment({"SANDBOX_KEY": key}), folder, log
        )

    @property
    def bot_settings(self) -> dict[str, str]:
        """What a bot has to be told to take this for Telegram."""
        return {"TELEGRAM_BOT_TOKEN": self.token, "TELEGRAM_API_URL": self.url}

    def is_ready(self) -> bool:
        """Whether it listens: it has said where."""
        return self.first_line() is not None


class EngineProcess(Process):
    """An engine of `devtools.engines.paced`'s kind, always at the same address."""

    def __init__(
        self,
        folder: Path,
        *,
        module: str = "devtools.engines.paced",
        tokens: int = 40,
        log: Path | None = None,
    ) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}/v1"
        arguments = ["-m", module, "--port", str(port), "--tokens", str(tokens)]
        super().__init__(arguments, bare_environment({}), folder, log)

    def is_ready(self) -> bool:
        """Whether it listens: it has said where."""
        return self.first_line() is not None


def die_with_parent() -> None:
    """Have the kernel end the child when its parent is killed (PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
