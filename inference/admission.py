"""How many generations run at once, and how many may wait for their turn."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from inference.engine import EngineOverloaded, ignore_wait

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from inference.engine import OnWait


class Admission:
    """First come, first served, with a bounded queue whose members know their place.

    LMDeploy accepts any number of streams and never says that it is overloaded; its users would
    wait for each other in silence. So the limit is here. A caller with one generation at a time is
    behind everybody else after each of them, so that serving in order of arrival is fair as well.
    """

    def __init__(self, *, running: int, waiting: int) -> None:
        """Allow `running` generations at once and `waiting` more in the queue."""
        self._free = running
        self._max_waiting = waiting
        self._queue: dict[asyncio.Future[None], OnWait] = {}

    @asynccontextmanager
    async def slot(self, on_wait: OnWait = ignore_wait) -> AsyncIterator[None]:
        """Hold one of the running places; raises `EngineOverloaded` when the queue is full.

        `on_wait` is told the place in the queue (1: the next) whenever it changes.
        """
        if self._free > 0:
            self._free -= 1
        else:
            await self._wait(on_wait)
        try:
            yield
        finally:
            self._leave()

    async def _wait(self, on_wait: OnWait) -> None:
        if len(self._queue) >= self._max_waiting:
            raise EngineOverloaded(f"{len(self._queue)} generations are waiting already")
        admitted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue[admitted] = on_wait
        on_wait(len(self._queue))
        try:
            await admitted
        except asyncio.CancelledError:
            if self._queue.pop(admitted, None) is not None:
                self._tell_places()
            elif not admitted.cancelled():
                self._leave()  # the place came in the same moment
            raise

    def _leave(self) -> None:
        """Give the place to the next in line."""
        while self._queue:
            admitted = next(iter(self._queue))
            del self._queue[admitted]
            if not admitted.done():  # done: its caller was cancelled in this moment
                admitted.set_result(None)
                self._tell_places()
                return
        self._free += 1

    def _tell_places(self) -> None:
        for place, on_wait in enumerate(self._queue.values(), start=1):
            on_wait(place)
