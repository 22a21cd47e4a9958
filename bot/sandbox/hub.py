"""Events to the open pages: each page has a queue; one that does not keep up is cut off."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.sandbox.model import Json

_BACKLOG = 1000


class Hub:
    """Hands every event to every subscriber."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[Json | None]] = set()

    def publish(self, event: Json) -> None:
        """Tell every page; a page that is too far behind reconnects and reads afresh."""
        for queue in list(self._queues):
            if queue.qsize() >= _BACKLOG:
                self._queues.discard(queue)
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(None)
            else:
                queue.put_nowait(event)

    def subscribe(self) -> asyncio.Queue[Json | None]:
        """A queue that fills from now on; None in it means that the stream ends."""
        queue: asyncio.Queue[Json | None] = asyncio.Queue()
        self._queues.add(queue)
        return queue

    async def events(self, queue: asyncio.Queue[Json | None]) -> AsyncIterator[Json]:
        """Everything published since `subscribe`, until `close`."""
        try:
            while (event := await queue.get()) is not None:
                yield event
        finally:
            self._queues.discard(queue)

    def close(self) -> None:
        """End every stream."""
        for queue in list(self._queues):
            queue.put_nowait(None)
        self._queues.clear()
