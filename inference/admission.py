"""How many generations run at once, and which of the waiting ones is next."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inference.engine import EngineOverloaded, ignore_wait

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from inference.engine import OnWait


@dataclass(slots=True, eq=False)
class _Waiter:
    admitted: asyncio.Future[None]
    on_wait: OnWait
    queue_position: int = 0
    """The last one that `on_wait` was told."""


class Admission:
    """A bounded queue in which conversations take turns, and whose members know their position.

    LMDeploy accepts any number of streams and never says that it is overloaded; its users would
    wait for each other in silence. So the limit is here. Of each conversation that waits one
    generation is admitted, then one of the next: a conversation that asks for ten delays another by
    one, not by ten. Those that ask for one at a time are served in the order of asking.
    """

    def __init__(self, *, running: int, waiting: int) -> None:
        """Allow `running` generations at once and `waiting` more in the queue."""
        self._free = running
        self._max_waiting = waiting
        # By conversation, the one whose turn is next first. None of the lists is empty.
        self._queue: OrderedDict[object, list[_Waiter]] = OrderedDict()
        self._last: OrderedDict[asyncio.Future[None], None] = OrderedDict()
        """Those who wait for a slot that nobody in the queue wants."""

    @property
    def waiting(self) -> int:
        """How many generations wait for a slot."""
        return sum(map(len, self._queue.values()))

    @asynccontextmanager
    async def slot(
        self, on_wait: OnWait = ignore_wait, *, conversation: str = ""
    ) -> AsyncIterator[None]:
        """Hold one of the running slots; raises `EngineOverloaded` when the queue is full.

        `on_wait` is told the position in the queue (1: the next) whenever it changes. Without a
        `conversation` the caller counts as one of its own.
        """
        if self._free > 0:
            self._free -= 1
        else:
            await self._wait(on_wait, conversation or object())
        try:
            yield
        finally:
            self._leave()

    @asynccontextmanager
    async def last_slot(self) -> AsyncIterator[None]:
        """Hold a slot that no generation waits for; for what is short, and can be done without.

        Raises:
            EngineOverloaded: as many wait for one as may.
        """
        if self._free > 0:
            self._free -= 1
        else:
            await self._wait_as_last()
        try:
            yield
        finally:
            self._leave()

    async def _wait_as_last(self) -> None:
        if len(self._last) >= self._max_waiting:
            raise EngineOverloaded(f"{len(self._last)} questions are waiting already")
        admitted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._last[admitted] = None
        try:
            await admitted
        except asyncio.CancelledError:
            if self._last.pop(admitted, 0) == 0 and not admitted.cancelled():
                self._leave()  # the slot came in the same moment
            raise

    async def _wait(self, on_wait: OnWait, conversation: object) -> None:
        waiting = self.waiting
        if waiting >= self._max_waiting:
            raise EngineOverloaded(f"{waiting} generations are waiting already")
        waiter = _Waiter(asyncio.get_running_loop().create_future(), on_wait)
        self._queue.setdefault(conversation, []).append(waiter)
        self._tell_positions()
        try:
            await waiter.admitted
        except asyncio.CancelledError:
            if waiter in self._queue.get(conversation, ()):
                self._remove(conversation, waiter)
                self._tell_positions()
            elif not waiter.admitted.cancelled():
                self._leave()  # the slot came in the same moment
            raise

    def _leave(self) -> None:
        """Give the slot to the next in the queue."""
        while self._queue:
            conversation, waiters = next(iter(self._queue.items()))
            waiter = waiters[0]
            self._queue.move_to_end(conversation)
            self._remove(conversation, waiter)
            if not waiter.admitted.done():  # done: its caller was cancelled in this moment
                waiter.admitted.set_result(None)
                self._tell_positions()
                return
        while self._last:
            admitted, _ = self._last.popitem(last=False)
            if not admitted.done():
                admitted.set_result(None)
                return
        self._free += 1

    def _remove(self, conversation: object, waiter: _Waiter) -> None:
        waiters = self._queue[conversation]
        waiters.remove(waiter)
        if not waiters:
            del self._queue[conversation]

    def _tell_positions(self) -> None:
        """Tell those whose position has changed."""
        rounds = [pair for waiters in self._queue.values() for pair in enumerate(waiters)]
        rounds.sort(key=lambda pair: pair[0])  # stable: within a round in the conversations' order
        for position, (_, waiter) in enumerate(rounds, start=1):
            if waiter.queue_position != position:
                waiter.queue_position = position
                waiter.on_wait(position)
