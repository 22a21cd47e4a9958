"""The bot and what it talks to, each as a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from benchmarks.errors import BenchmarkError

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parents[1]
START_SECONDS = 60.0
STOP_SECONDS = 30.0
_TICKS = os.sysconf("SC_CLK_TCK")


class Program:
    """A Python module that runs as a process, with nothing of our own environment but the path."""

    def __init__(
        self,
        folder: Path,
        name: str,
        arguments: Sequence[str],
        env: Mapping[str, str] | None = None,
        *,
        speaks: bool = False,
    ) -> None:
        """`speaks`: it prints one line when it is there, for `first_line`."""
        self._folder = folder
        self._name = name
        self._arguments = arguments
        self._env = {
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": str(ROOT),
            "LANG": "C.UTF-8",
        } | dict(env or {})
        self._speaks = speaks
        self._process: Process | None = None
        self.log = folder / f"{name}.log"

    @property
    def pid(self) -> int:
        """The process id while it runs."""
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start the process in its folder, so that it finds no `.env`."""
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                *self._arguments,
                stdout=asyncio.subprocess.PIPE if self._speaks else log,
                stderr=log,
                env=self._env,
                cwd=self._folder,
                start_new_session=True,  # Ctrl-C is for whoever started it
            )

    async def first_line(self) -> str:
        """The line a server prints when it is there: its address."""
        assert self._process is not None
        assert self._process.stdout is not None
        async with asyncio.timeout(START_SECONDS):
            line = (await self._process.stdout.readline()).decode().strip()
        if not line:
            raise BenchmarkError(f"The {self._name} did not start: {self.last_words()}")
        return line

    async def ended(self) -> int:
        """Wait until it has ended by itself and return its exit status."""
        assert self._process is not None
        return await self._process.wait()

    async def kill(self) -> None:
        """End it as a crash would."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """End it in order and return its exit status."""
        return await self._end(signal.SIGTERM)

    def cpu_seconds(self) -> float:
        """CPU time used so far, without child processes (Linux)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def resident_bytes(self) -> int:
        """Memory in use now (Linux)."""
        pages = Path(f"/proc/{self.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def last_words(self) -> str:
        """The end of what it wrote before it ended."""
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it ended without a word."

    async def _end(self, number: signal.Signals) -> int:
        process = self._process
        if process is None:
            return 0
        with suppress(ProcessLookupError):
            process.send_signal(number)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                return await process.wait()
        except TimeoutError:
            process.kill()
            return await process.wait()


class Bot(Program):
    """`python -m bot`, or another `module` that runs it; `name` tells replicas apart."""

    def __init__(
        self, folder: Path, settings: Mapping[str, str], name: str = "bot", module: str = "bot"
    ) -> None:
        self.port = int(settings.get("HTTP_PORT") or free_port())
        self._address = f"http://127.0.0.1:{self.port}"
        defaults = {"DATA_DIR": str(folder / "data"), "LOG_FORMAT": "json"}
        super().__init__(
            folder, name, (module,), defaults | dict(settings) | {"HTTP_PORT": str(self.port)}
        )

    async def start(self) -> None:
        """Start it and wait until it is ready to answer."""
        await super().start()
        async with httpx.AsyncClient(trust_env=False) as http:
            for _ in range(int(START_SECONDS * 20)):
                if not self.running:
                    raise BenchmarkError(f"The bot did not start: {self.last_words()}")
                with suppress(httpx.HTTPError):
                    if (await http.get(f"{self._address}/readyz")).status_code == 200:
                        return
                await asyncio.sleep(0.05)
        raise BenchmarkError(f"The bot does not get ready: {self.last_words()}")


def free_port() -> int:
    """A port of this machine that nothing listens on now."""
    try:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])
    except OSError as error:
        raise BenchmarkError(f"No port can be had on 127.0.0.1 ({error.strerror}).") from None
