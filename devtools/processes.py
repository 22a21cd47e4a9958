"""The bot and the local Telegram, each a process as an operator starts it."""

from __future__ import annotations

import ctypes
import os
import resource
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[1]
START_SECONDS = 60.0
END_SECONDS = 30.0


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def bare_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """An environment of nothing but `settings` and what Python needs to find the packages."""
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **settings}


@dataclass(frozen=True, slots=True)
class Ending:
    """How a command ended."""

    status: int
    output: str


class Process:
    """A child whose output is kept in memory, and which never outlives the tests."""

    def __init__(self, arguments: list[str], environment: dict[str, str], folder: Path) -> None:
        self._arguments = arguments
        self._environment = environment
        self._folder = folder
        self._child: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._lines: list[str] = []

    @property
    def output(self) -> str:
        """What it has written so far, over all its starts."""
        return "".join(self._lines)

    @property
    def pid(self) -> int:
        """Of the running child."""
        assert self._child is not None
        return self._child.pid

    @property
    def running(self) -> bool:
        """Whether there is a child that has not ended."""
        return self._child is not None and self._child.poll() is None

    def launch(self) -> None:
        """Start, without waiting for anything."""
        assert not self.running
        self._child = subprocess.Popen(
            [sys.executable, *self._arguments],
            env=self._environment,
            cwd=self._folder,  # where no .env of a developer lies
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )
        self._reader = threading.Thread(target=self._read, args=(self._child,), daemon=True)
        self._reader.start()

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal and wait for nothing."""
        assert self._child is not None
        self._child.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, wait for the end, return the exit status."""
        assert self._child is not None
        self._child.send_signal(number)
        return self.wait()

    def kill(self) -> None:
        """End as a crash does, if it runs."""
        if self.running:
            self.end(signal.SIGKILL)

    def wait(self, seconds: float = END_SECONDS) -> int:
        """The exit status, once it has ended by itself."""
        assert self._child is not None
        assert self._reader is not None
        status = self._child.wait(seconds)
        self._reader.join(seconds)
        return status

    def _read(self, child: subprocess.Popen[str]) -> None:
        assert child.stdout is not None
        with child.stdout:
            self._lines.extend(child.stdout)


class BotProcess(Process):
    """`python -m bot`, with nothing set but `settings` and a port for its health."""

    def __init__(self, settings: Mapping[str, str], folder: Path) -> None:
        self.port = int(settings.get("HTTP_PORT") or free_port())
        self.settings = {
            "DATA_DIR": str(folder / "data"),
            "BURST_WINDOW": "0",
            **settings,
            "HTTP_PORT": str(self.port),
        }
        self.data_dir = Path(self.settings["DATA_DIR"])
        self._taken = 0
        super().__init__(["-m", "bot"], bare_environment(self.settings), folder)

    def start(self) -> None:
        """Start, and wait until a message would be kept."""
        self.launch()
        self.wait_ready()

    def wait_ready(self) -> None:
        """Wait for 200 from /readyz."""
        deadline = time.monotonic() + START_SECONDS
        while self.readiness() is None:
            assert self.running, f"the bot ended: {self.output[-2000:]}"
            assert time.monotonic() < deadline, f"the bot is not ready: {self.output[-2000:]}"
            time.sleep(0.03)

    def readiness(self) -> dict[str, object] | None:
        """The body of /readyz; None while it does not answer 200."""
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.port}/readyz", trust_env=False)
        except httpx.HTTPError:
            return None
        return answer.json() if answer.status_code == 200 else None

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

    def __init__(self, folder: Path, *, data_dir: Path | None = None, key: str = "") -> None:
        self.port = free_port()
        self.token = f"123456:{secrets.token_hex(16)}"
        self.url = f"http://127.0.0.1:{self.port}"
        keeping = ["--data-dir", str(data_dir)] if data_dir else []
        super().__init__(
            ["-m", "bot.sandbox", "--port", str(self.port), "--token", self.token, *keeping],
            bare_environment({"SANDBOX_KEY": key}),
            folder,
        )

    @property
    def bot_settings(self) -> dict[str, str]:
        """What a bot has to be told to take this for Telegram."""
        return {"TELEGRAM_BOT_TOKEN": self.token, "TELEGRAM_API_URL": self.url}

    def start(self) -> None:
        """Start, and wait until it listens."""
        said_before = len(self._lines)
        self.launch()
        deadline = time.monotonic() + START_SECONDS
        while len(self._lines) == said_before:  # its address, once it listens
            assert self.running, f"no Telegram: {self.output[-2000:]}"
            assert time.monotonic() < deadline
            time.sleep(0.01)


def _die_with_parent() -> None:
    """Have the kernel end the child when the tests are killed (PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
