"""Starts the model's process and starts it again when it dies."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from inference.engine import EngineRejected
from inference.local.server import LocalServerConfig, Report

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Awaitable, Callable

_PACKAGE_ROOT: Final = Path(__file__).parents[2]
_LOADING: Final = 600.0  # seconds; tens of gigabytes from a slow disk
_STOPPING: Final = 5.0
_PASSED_ON: Final = frozenset(
    {"PATH", "HOME", "USER", "LANG", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV"}
    | {"SYSTEMROOT", "TEMP", "TMP"}
)
_PASSED_ON_PREFIXES: Final = ("LC_", "OMP_", "GGML_", "LLAMA_")
"""Where programs, libraries and the locale are, and how llama.cpp is tuned."""


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A running server and what it serves."""

    report: Report
    api_key: str
    pid: int


class ServerProcess:
    """Keeps one `inference.local.server` running.

    `serving` is the server that answers now, None while there is none. A server that dies is
    started again after the next of `delays` (seconds; the last one repeats), beginning anew
    after each that came up.
    """

    def __init__(
        self,
        config: LocalServerConfig,
        *,
        delays: tuple[float, ...] = (0.2, 1.0, 3.0, 10.0, 30.0),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._config = config
        self._delays = delays
        self._sleep = sleep
        self._process: Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._change = asyncio.Event()
        self.serving: ServedModel | None = None

    async def start(self) -> ServedModel:
        """Load the model; raises `EngineRejected` with the reason when that is impossible."""
        process, served = await self._spawn()
        self._keeper = asyncio.create_task(self._keep(process), name="local-model")
        return served

    async def stop(self) -> None:
        """End the server, and with it every generation."""
        self.serving = None
        if self._keeper is not None:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper
            self._keeper = None
        if self._process is not None:
            await _end(self._process)
            self._process = None

    async def _keep(self, process: Process) -> None:
        while True:
            await process.wait()
            self.serving = None
            process = await self._respawn()

    async def _respawn(self) -> Process:
        attempt = 0
        while True:
            await self._sleep(self._delays[min(attempt, len(self._delays) - 1)])
            attempt += 1
            with suppress(EngineRejected, OSError, ValueError, TypeError):
                process, _ = await self._spawn()
                return process

    async def _spawn(self) -> tuple[Process, ServedModel]:
        key = secrets.token_urlsafe(32)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "inference.local.server",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,  # nothing of a chat may reach a log
            env=_environment(),
            start_new_session=True,  # Ctrl-C is for the parent, which lets answers end first
        )
        self._process = process
        try:
            report = await self._handshake(process, key)
        except BaseException:
            await _end(process)
            raise
        self.serving = ServedModel(report, key, process.pid)
        return process, self.serving

    async def _handshake(self, process: Process, key: str) -> Report:
        assert process.stdin is not None  # noqa: S101 - both are pipes, see above
        assert process.stdout is not None  # noqa: S101
        config = asdict(self._config) | {"api_key": key}
        process.stdin.write(json.dumps(config).encode() + b"\n")
        try:
            async with asyncio.timeout(_LOADING):
                line = await process.stdout.readline()
        except TimeoutError:
            line = b""
        if not line:
            raise EngineRejected(
                f"The process that loads {self._config.model_path} ended without a word: the "
                "model is probably too big for this machine's memory; "
                "set LOCAL_MODEL to a smaller GGUF model."
            )
        report = Report(**json.loads(line))
        if report.error:
            raise EngineRejected(report.error)
        return report


async def _end(process: Process) -> None:
    """Close the server's standard input, which ends it, and wait until it is gone."""
    assert process.stdin is not None  # noqa: S101 - a pipe
    process.stdin.close()
    try:
        async with asyncio.timeout(_STOPPING):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _environment() -> dict[str, str]:
    """What the process needs of ours. It reads model files of others: no secret is in its reach."""
    allowed = {
        name: value
        for name, value in os.environ.items()
        if name in _PASSED_ON or name.startswith(_PASSED_ON_PREFIXES)
    }
    return allowed | {"PYTHONPATH": _with_package_root()}


def _with_package_root() -> str:
    """PYTHONPATH under which the child finds this package, installed or not."""
    return os.pathsep.join(filter(None, [str(_PACKAGE_ROOT), os.environ.get("PYTHONPATH")]))
