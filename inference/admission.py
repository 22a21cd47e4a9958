"""How many generations run at once, and how many may wait for their turn."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from inference.engine import EngineOverloaded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Admission:
    """First come, first served, with a bounded queue.

    LMDeploy accepts any number of streams and never says that it is overloaded; its users would
    wait for each other in silence. So the limit is here.
    """

    def __init__(self, *, running: int, waiting: int) -> None:
        """Allow `running` generations at once and `waiting` more in the queue."""
        self._slots = asyncio.Semaphore(running)
        self._max_waiting = waiting
        self._waiting = 0

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Hold one of the running places; raises `EngineOverloaded` when the queue is full."""
        if self._slots.locked() and self._waiting >= self._max_waiting:
            raise EngineOverloaded(f"{self._waiting} generations are waiting already")
        self._waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._slots.release()
