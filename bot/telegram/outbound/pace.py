"""How fast Telegram may be spoken to, by the whole bot at once.

A slot is taken when a call starts and is free again one period after the call has ended. So no
more than `slots` calls ARRIVE in any one period, however unevenly the network delays them.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Pace:
    """`slots` calls a period; who waits is served by priority, then by order of arrival."""

    def __init__(
        self,
        slots: int,
        period: float,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._slots = slots
        self._period = period
        self._clock = clock
        self._sleep = sleep
        self._running = 0
        self._cooling: deque[float] = deque()
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._arrivals = 0
        self._server: asyncio.Task[None] | None = None

    def free(self) -> int:
        """How many calls could start now."""
        now = self._clock()
        while self._cooling and self._cooling[0] <= now:
            self._cooling.popleft()
        return self._slots - self._running - len(self._cooling)

    def mostly_free(self) -> bool:
        """Whether a call that matters little may take a slot."""
        return self.free() > self._slots // 2

    def take(self, priority: int, *, overdraw: bool = False) -> asyncio.Future[None] | None:
        """Take a slot now (None), or get in line: the future is done when the slot is taken.

        `overdraw`: take it even if there is none; the others wait that much longer.
        """
        if overdraw:
            self._running += 1
            return None
        if self.take_now():
            return None
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.hurry(turn, priority)
        return turn

    def take_now(self) -> bool:
        """Take a slot if one is free and no call waits for it."""
        if self._waiting or self.free() <= 0:
            return False
        self._running += 1
        return True

    def hurry(self, turn: asyncio.Future[None], priority: int) -> None:
        """Let `turn` wait with this priority from now on."""
        self._arrivals += 1
        heapq.heappush(self._waiting, (priority, self._arrivals, turn))
        self._serve()

    def release(self, *, used: bool = True) -> None:
        """Return a slot; it cools for a period unless nothing was sent in it."""
        self._running -= 1
        if used:
            self._cooling.append(self._clock() + self._period)
        self._serve()

    def _serve(self) -> None:
        """See to it that someone hands out slots while anyone waits for one."""
        if self._waiting and self._server is None:
            self._server = asyncio.create_task(self._hand_out(), name="outbox-pace")

    async def _hand_out(self) -> None:
        try:
            while self._waiting:
                if self.free() > 0:
                    _, _, turn = heapq.heappop(self._waiting)
                    if not turn.done():
                        self._running += 1
                        turn.set_result(None)
                elif self._cooling:
                    await self._sleep(self._cooling[0] - self._clock())
                else:
                    return  # every slot is in a running call; the first to end comes back here
        finally:
            self._server = None
