"""A clock that moves only when a test says so."""

from __future__ import annotations

import asyncio
import heapq
from math import inf


class FakeClock:
    """Time and sleep for code that takes both from outside."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        self._count += 1
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + seconds, self._count, woken))
        await woken

    async def advance(self, seconds: float) -> None:
        """Let this much time go by, waking every sleeper at its moment."""
        end = self.now + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            moment, _, woken = heapq.heappop(self._sleepers)
            self.now = max(self.now, moment)
            if not woken.done():
                woken.set_result(None)
            await settle()
        self.now = end
        await settle()

    async def leap(self, seconds: float) -> None:
        """Let this much time go by at once; every sleeper whose moment it was wakes at its end."""
        self.now += seconds
        await self.advance(0)

    @property
    def next_at(self) -> float:
        """The moment at which the next sleeper wakes; infinity if none sleeps."""
        return self._sleepers[0][0] if self._sleepers else inf

    @property
    def sleepers(self) -> int:
        """How many wait for time to go by."""
        return sum(not woken.done() for _, _, woken in self._sleepers)


async def settle() -> None:
    """Let every task run until all of them wait for something."""
    for _ in range(50):
        await asyncio.sleep(0)
