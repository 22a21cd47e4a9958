"""The queue of one chat: what waits to be done there and when the next of it may happen."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING

from bot.telegram.chat_ids import is_private
from bot.telegram.outbound.operation import Priority

if TYPE_CHECKING:
    import asyncio

    from bot.telegram.outbound.operation import Operation

PRIVATE_GAP = 1.0
"""Seconds between two operations in one chat."""
GROUP_WINDOW = 60.0
GROUP_LIMIT = 20
GROUP_EDIT_GAP = GROUP_WINDOW / 15
"""Previews and typing leave five of a group's 20 a minute free, so that the end of an answer does
not wait because its beginning used up the minute."""


@dataclass(slots=True, eq=False)
class ChatQueue:
    """One chat's operations: waiting, running, and the times that decide about the next slot."""

    chat_id: int
    waiting: list[Operation] = field(default_factory=list)
    running: list[Operation] = field(default_factory=list)
    free_at: float = -inf
    """Before this nothing may start: the gap after the last call, or Telegram's RetryAfter."""
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=GROUP_LIMIT))
    worker: asyncio.Task[None] | None = None
    wakes_at: float | None = None
    """Until when the worker sleeps; None while it does not."""
    turn: asyncio.Future[None] | None = None
    """The worker's turn by the pace of the whole bot."""
    couriers: set[asyncio.Task[None]] = field(default_factory=set)
    """More workers, each for a crisis text that must not wait for a call that hangs."""

    @property
    def busy(self) -> bool:
        """Whether anything waits or runs here."""
        return bool(self.waiting or self.running or self.worker or self.couriers)

    def ready_at(self, operation: Operation) -> float:
        """The earliest time at which `operation` may start.

        Crisis text waits neither for the gap after the last call nor for what Telegram asked of
        another message: about one a second is what Telegram wants over time, and it takes a few
        at once. Only a 429 of its own holds it, or the pause after a failed call of its own.
        """
        if operation.priority is Priority.CRISIS:
            return operation.not_before
        ready = max(self.free_at, operation.not_before)
        if not is_private(self.chat_id) and self.recent:
            if len(self.recent) == GROUP_LIMIT:
                ready = max(ready, self.recent[0] + GROUP_WINDOW)
            if operation.priority > Priority.SEND:
                ready = max(ready, self.recent[-1] + GROUP_EDIT_GAP)
        return ready

    def next(self, now: float, lowest: Priority) -> tuple[Operation | None, float]:
        """The operation to start now, or None and the time at which there may be one."""
        self.waiting = [operation for operation in self.waiting if not operation.done.done()]
        best, soonest = None, inf
        for operation in self.waiting:
            if operation.priority > lowest:
                continue
            ready = self.ready_at(operation)
            if ready > now:
                soonest = min(soonest, ready)
            elif best is None or operation.priority < best.priority:
                best = operation
        return (best, now) if best else (None, soonest)

    def edit_of(self, message_id: int) -> Operation | None:
        """The waiting edit of this message, if any."""
        for operation in self.waiting:
            if operation.kind == "edit" and operation.message_id == message_id:
                return operation
        return None

    def replace_older(self, new: Operation) -> bool:
        """Let an edit take the place of the one that waits; False if it comes too late itself."""
        if new.preview and self.ends(new.message_id):
            return False
        old = self.edit_of(new.message_id)
        if old is not None and new.priority <= old.priority:
            self.waiting.remove(old)
            old.settle(old.message_id)
            new.inherit_backoff(old)
        return True

    def ends(self, message_id: int) -> bool:
        """Whether this message's final text waits or is on its way."""
        return any(
            operation.message_id == message_id and operation.priority <= Priority.FINAL
            for operation in (*self.waiting, *self.running)
        )

    def occupy(self, now: float) -> None:
        """Note that a call starts or ends now."""
        self.free_at = max(self.free_at, now + PRIVATE_GAP)

    def called(self, now: float) -> None:
        """Note that a call has ended."""
        self.occupy(now)
        if not is_private(self.chat_id):
            self.recent.append(now)

    def idle_at(self) -> float:
        """When nothing about this queue needs to be remembered any more."""
        window = self.recent[-1] + GROUP_WINDOW if self.recent else -inf
        return max(self.free_at, window)
