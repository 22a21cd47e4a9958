"""The processes of `devtools.processes`, waited for without holding the event loop."""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from benchmarks.errors import BenchmarkError
from devtools.processes import END_SECONDS, LOOK_EVERY, START_SECONDS, StartFailed

if TYPE_CHECKING:
    from devtools.processes import Process


class Program:
    """A process that a benchmark starts, kills and starts again."""

    def __init__(self, process: Process) -> None:
        self.process = process

    async def start(self) -> None:
        """Start it and wait until it does its work.

        Raises:
            BenchmarkError: it ended, or took too long.
        """
        self.process.launch()
        deadline = time.monotonic() + START_SECONDS
        while not self.process.is_ready():
            try:
                self.process.check_start(deadline)
            except StartFailed as failed:
                raise BenchmarkError(f"{failed}") from None
            await asyncio.sleep(LOOK_EVERY)

    async def ended(self) -> int:
        """Wait until it has ended by itself and return its exit status."""
        while self.process.running:  # noqa: ASYNC110 - a process tells no event loop
            await asyncio.sleep(LOOK_EVERY)
        return self.process.wait()

    async def kill(self) -> None:
        """End it as a crash would, if it runs."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """End it in order and return its exit status."""
        return await self._end(signal.SIGTERM)

    async def _end(self, number: signal.Signals) -> int:
        if not self.process.launched:
            return 0
        if self.process.running:
            self.process.send_signal(number)
        with suppress(TimeoutError):
            async with asyncio.timeout(END_SECONDS):
                return await self.ended()
        self.process.send_signal(signal.SIGKILL)
        return await self.ended()
