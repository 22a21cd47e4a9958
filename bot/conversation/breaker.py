"""Whether the engine is worth asking: a circuit breaker with a queue behind it.

    up ──nothing answers, or time-outs again and again──> down ──an answer begins──> up

While it is down no turn waits for time-outs. The engine is asked for a sign of life, at first every
second, later every ten; each sign lets one waiting turn try, and the first that gets an answer lets
all the others go.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

log = structlog.get_logger(__name__)

TIMEOUTS_UNTIL_DOWN = 2
"""So many time-outs in a row, of whatever turns, mean that the engine hangs."""
FIRST_PAUSE = 1.0
MAX_PAUSE = 10.0
"""Seconds between two questions for a sign of life, at first and at most."""
GROWTH = 1.5
"""Each of these pauses is longer than the one before by this factor."""


class EngineCircuitBreaker:
    """What all turns together know about the engine.

    Args:
        ready: asks the engine for a sign of life; never raises, takes 2 s at most.
        sleep: waits for seconds.
    """

    def __init__(
        self,
        ready: Callable[[], Awaitable[bool]],
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._ready = ready
        self._sleep = sleep
        self._is_down = False
        self._timeouts = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._probe: asyncio.Task[None] | None = None

    @property
    def is_down(self) -> bool:
        """Whether asking the engine now would be a waste of time."""
        return self._is_down

    async def is_alive(self) -> bool:
        """Whether it is taken to be up and gives a sign of life now; takes 2 s at most."""
        return not self._is_down and await self._ready()

    def record_answer(self) -> None:
        """Note that an answer has begun."""
        self._timeouts = 0
        if self._is_down:
            log.info("engine_back", waiting=len(self._waiting))
            self._is_down = False
        while self._waiting:
            _release(self._waiting.popleft())

    def record_timeout(self) -> None:
        """Note that an answer did not come, or not on, in time."""
        self._timeouts += 1
        if self._timeouts >= TIMEOUTS_UNTIL_DOWN:
            self.record_unavailable()

    def record_unavailable(self) -> None:
        """Note that nothing answers at all."""
        if not self._is_down:
            log.error("engine_down")
            self._is_down = True
        if self._probe is None:
            self._probe = asyncio.create_task(self._look_for_life(), name="engine probe")
            self._probe.add_done_callback(self._probe_ended)

    async def wait(self) -> None:
        """Wait until the engine is up, or until it is one's turn to find out."""
        if not self._is_down:
            return
        position: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(position)
        try:
            await position
        finally:
            if position in self._waiting:
                self._waiting.remove(position)

    async def aclose(self) -> None:
        """Ask no more."""
        if self._probe is not None:
            self._probe.cancel()
            await asyncio.gather(self._probe, return_exceptions=True)

    async def _look_for_life(self) -> None:
        pause = FIRST_PAUSE
        while self._is_down:
            await self._sleep(pause)
            pause = min(pause * GROWTH, MAX_PAUSE)
            # An answer that began meanwhile has said more than a sign of life could.
            if not await self._ready() or not self._is_down:
                continue
            if self._waiting:
                _release(self._waiting.popleft())
            else:
                self.record_answer()  # no turn is there to try; the next one may

    def _probe_ended(self, probe: asyncio.Task[None]) -> None:
        self._probe = None
        if not probe.cancelled() and (error := probe.exception()) is not None:
            log.error("engine_probe_broke", error=type(error).__name__)
            self.record_answer()  # better to try in vain than to wait for ever


def _release(position: asyncio.Future[None]) -> None:
    if not position.done():
        position.set_result(None)
