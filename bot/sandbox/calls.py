"""The log of every Bot API call, for tests: in memory only, as its parameters are chat text."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.sandbox.model import Clock, Json

_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `outcome` is "pending", "ok", "<code> <description>" or "fault:<kind>".

    `wall` and `monotonic` are seconds at arrival, `duration` until the outcome was known.
    `message_id` is the message that the call made or changed.
    """

    number: int
    method: str
    chat_id: int | None
    parameters: Json
    wall: float
    monotonic: float
    duration: float = 0.0
    outcome: str = "pending"
    message_id: int | None = None

    def view(self) -> Json:
        """The call as a JSON object."""
        return asdict(self)


class CallLog:
    """The last 20,000 calls in the order they arrived."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._calls: deque[Call] = deque(maxlen=_KEPT)
        self._next = 1
        self._changed = asyncio.Event()

    def begin(self, method: str, chat_id: int | None, parameters: Json) -> int:
        """Note a call that has just arrived; returns its number."""
        number = self._next
        self._next += 1
        self._calls.append(
            Call(number, method, chat_id, parameters, self._clock.wall(), self._clock.monotonic())
        )
        return number

    def end(self, number: int, outcome: str, message_id: int | None = None) -> None:
        """Note how it went."""
        position = number - self._next + len(self._calls)
        if position < 0:
            return
        call = self._calls[position]
        self._calls[position] = replace(
            call,
            outcome=outcome,
            message_id=message_id,
            duration=self._clock.monotonic() - call.monotonic,
        )
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def all(
        self, method: str | None = None, chat_id: int | None = None, after: int = 0
    ) -> list[Call]:
        """Calls with a number above `after`, optionally of one method (any case) or one chat."""
        wanted = method.lower() if method else None
        return [
            call
            for call in self._calls
            if call.number > after
            and (wanted is None or call.method.lower() == wanted)
            and (chat_id is None or call.chat_id == chat_id)
        ]

    async def wait_for(
        self,
        wanted: Callable[[Call], bool] = lambda call: True,  # noqa: ARG005
        *,
        method: str | None = None,
        chat_id: int | None = None,
        after: int = 0,
        seconds: float = 10.0,
    ) -> Call:
        """The first finished call that matches; TimeoutError when none comes in time."""
        async with asyncio.timeout(seconds):
            while True:
                changed = self._changed
                for call in self.all(method, chat_id, after):
                    if call.outcome != "pending" and wanted(call):
                        return call
                await changed.wait()

    def clear(self) -> None:
        """Forget all calls; numbers go on."""
        self._calls.clear()
