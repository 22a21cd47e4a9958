"""Keeps one server process running: waits until it answers, watches it, starts it again."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from inference.console import CommandError

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Awaitable, Callable, Mapping, Sequence

DELAYS: Final = (1.0, 5.0, 15.0, 60.0)
"""Seconds before the first, second, ... start after a crash; the last one repeats."""


@dataclass(frozen=True, slots=True)
class SupervisorTiming:
    """How long to wait for a server, in seconds."""

    loading: float = 900.0
    """Until it answers for the first time: tens of gigabytes from a slow disk."""
    between_looks: float = 10.0
    between_looks_while_loading: float = 1.0
    missed_looks: int = 3
    """Looks without an answer after which a running server counts as hung."""
    stopping: float = 30.0
    """From SIGTERM to SIGKILL: running answers may end."""


class _End(Enum):
    TOLD = "it was told to stop"
    DIED = "the server ended"
    HUNG = "the server does not answer any more"
    NEVER_READY = "the server did not answer in time"


class Supervisor:
    """Runs `command` until it is told to stop."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        healthy: Callable[[], Awaitable[bool]],
        warm_up: Callable[[], Awaitable[None]],
        tell: Callable[[str], None],
        environment: Mapping[str, str] | None = None,
        timing: SupervisorTiming | None = None,
        delays: Sequence[float] = DELAYS,
        starts_before_giving_up: int = 3,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; nothing is started before `run`.

        Args:
            command: The program and its arguments.
            healthy: Whether the server answers and is well. Never raises, takes seconds at most.
            warm_up: Called once after each start, before the server counts as ready; may raise
                `CommandError` for a server that answers but does not work.
            tell: Takes one line at a time for the operator.
            environment: Of the process; this one's where it is None.
            timing: How long to wait for what.
            delays: Seconds before each new start.
            starts_before_giving_up: Starts in a row that may fail before the first one that works;
                a server that worked once is started for ever.
            sleep: Waits so many seconds.
            clock: Seconds.
        """
        self._command = list(command)
        self._healthy = healthy
        self._warm_up = warm_up
        self._tell = tell
        self._environment = environment
        self._timing = timing or SupervisorTiming()
        self._delays = delays
        self._most_failed_starts = starts_before_giving_up
        self._sleep = sleep
        self._clock = clock
        self._stopping = asyncio.Event()
        self._ready = False
        self._worked = False
        self.pid: int | None = None
        """Of the server, while there is one."""

    def stop(self) -> None:
        """Pass SIGTERM on and let `run` return when the server has ended."""
        self._stopping.set()

    async def run(self) -> None:
        """Keep the server running; raises `CommandError` if it never comes up."""
        failed = 0
        while True:
            process = await self._spawn()
            self._ready = False
            try:
                end = await self._watch(process)
            finally:
                code = await self._end(process)
                self.pid = None
            if end is _End.TOLD:
                return
            failed = 0 if self._ready else failed + 1
            if not self._worked and failed >= self._most_failed_starts:
                raise CommandError(
                    f"The server was started {failed} times and never became ready "
                    f"({end.value}, status {code}). What it said is above; "
                    "`python -m inference doctor` looks at the machine."
                )
            delay = self._delays[min(failed, len(self._delays) - 1)]
            self._tell(f"Not serving: {end.value} (status {code}). Next start in {delay:g} s.")
            if await self._told_to_stop_within(delay):
                return

    async def _spawn(self) -> Process:
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C comes here alone and is passed on once
            )
        except OSError as error:
            raise CommandError(
                f"{self._command[0]} cannot be started ({error.strerror})."
            ) from None
        self.pid = process.pid
        self._tell(f"Loading the model (process {process.pid}) ...")
        return process

    async def _watch(self, process: Process) -> _End:
        """Wait until the process ends, hangs or has to be stopped."""
        waits = {
            asyncio.create_task(process.wait()): _End.DIED,
            asyncio.create_task(self._stopping.wait()): _End.TOLD,
            (health := asyncio.create_task(self._look_after())): _End.HUNG,
        }
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        if self._stopping.is_set():
            return _End.TOLD
        if health in done:
            return health.result()
        return _End.DIED

    async def _look_after(self) -> _End:
        """Return when the server should be started again."""
        began = self._clock()
        while not await self._healthy():
            if self._clock() - began > self._timing.loading:
                return _End.NEVER_READY
            await self._sleep(self._timing.between_looks_while_loading)
        try:
            await self._warm_up()
        except CommandError as error:
            self._tell(str(error))
            return _End.NEVER_READY
        self._ready = self._worked = True
        self._tell(f"Ready after {self._clock() - began:.0f} s.")
        missed = 0
        while missed < self._timing.missed_looks:
            await self._sleep(self._timing.between_looks)
            missed = 0 if await self._healthy() else missed + 1
        return _End.HUNG

    async def _end(self, process: Process) -> int:
        """End the process and all it has started; its exit status."""
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._timing.stopping):
                    await process.wait()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        return await process.wait()

    async def _told_to_stop_within(self, seconds: float) -> bool:
        stop = asyncio.create_task(self._stopping.wait())
        pause = asyncio.ensure_future(self._sleep(seconds))
        await asyncio.wait({stop, pause}, return_when=asyncio.FIRST_COMPLETED)
        for task in (stop, pause):
            task.cancel()
        await asyncio.gather(stop, pause, return_exceptions=True)
        return self._stopping.is_set()
