"""What the bot has not confirmed yet, and the long poll that waits for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.sandbox.errors import ApiError
from bot.sandbox.model import Update

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.sandbox.model import Clock, Json
    from bot.sandbox.store import Store

KEPT_SECONDS = 24 * 3600
# Sent only to bots that ask for them by name.
_ON_REQUEST = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
_POLLED_TWICE = (
    "Conflict: terminated by other getUpdates request; "
    "make sure that only one bot instance is running"
)
_WEBHOOK_CAME = "Conflict: terminated by setWebhook request"


class UpdateQueue:
    """Updates in order of their ids; an id is never used twice, not even after a restart."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._pending: dict[int, Update] = {}
        self._last_id = 0
        self._waiter: asyncio.Future[None] | None = None
        self._arrived: set[asyncio.Event] = set()
        self.allowed: tuple[str, ...] = ()

    def restore(self, updates: Iterable[Update], last_id: int, allowed: Iterable[str]) -> None:
        """Take up where the last run ended; a new world starts at the clock, as ids must grow."""
        self._pending = {update.id: update for update in updates}
        self._last_id = last_id or int(self._clock.wall()) - 1_000_000_000
        self.allowed = tuple(allowed)

    def __len__(self) -> int:
        return len(self._pending)

    def allow(self, kinds: Iterable[str]) -> None:
        """Set `allowed_updates`; touches only updates that happen from now on."""
        self.allowed = tuple(kinds)
        self._save()

    def add(self, kind: str, chat_id: int, payload: Json) -> Update | None:
        """Queue an update; None where the bot did not ask for this kind."""
        wanted = kind in self.allowed if self.allowed else kind not in _ON_REQUEST
        if not wanted:
            return None
        self._last_id += 1
        update = Update(self._last_id, kind, chat_id, self._clock.wall(), payload)
        self._pending[update.id] = update
        self._store.put("update", str(update.id), update)
        self._save()
        self._wake()
        return update

    def pending(self) -> list[Update]:
        """Everything unconfirmed, oldest first; what is older than a day is dropped."""
        oldest = self._clock.wall() - KEPT_SECONDS
        for update in [item for item in self._pending.values() if item.date < oldest]:
            self.confirm(update.id)
        return list(self._pending.values())

    def confirm(self, update_id: int) -> None:
        """Forget one update."""
        if self._pending.pop(update_id, None) is not None:
            self._store.put("update", str(update_id), None)

    def clear(self) -> None:
        """Forget all of them (`drop_pending_updates`)."""
        for update_id in list(self._pending):
            self.confirm(update_id)

    async def poll(self, offset: int, limit: int, seconds: float) -> list[Update]:
        """What `getUpdates` answers: waits up to `seconds` while there is nothing.

        Args:
            offset: confirms every update before it; negative counts from the end.
            limit: most updates to return.
            seconds: how long to wait; 0 returns at once.

        Raises:
            ApiError: 409 when another poll or a webhook takes over meanwhile.
        """
        self.interrupt(_POLLED_TWICE)
        self._confirm_before(offset)
        if not self.pending() and seconds > 0:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiter = waiter
            try:
                async with asyncio.timeout(seconds):
                    await waiter
            except TimeoutError:
                return []
            finally:
                if self._waiter is waiter:
                    self._waiter = None
        return self.pending()[:limit]

    @property
    def is_polled(self) -> bool:
        """Whether a poll waits for updates."""
        return self._waiter is not None

    def interrupt(self, reason: str = _WEBHOOK_CAME) -> None:
        """End the waiting poll with 409."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(ApiError(409, reason))

    def stop(self) -> None:
        """End the waiting poll with an empty answer: the server goes down."""
        self._wake()

    def arrival(self) -> asyncio.Event:
        """An event that is set whenever an update arrives; give it back with `forget`."""
        event = asyncio.Event()
        self._arrived.add(event)
        return event

    def forget(self, event: asyncio.Event) -> None:
        """No longer set this event."""
        self._arrived.discard(event)

    def _confirm_before(self, offset: int) -> None:
        if offset < 0:
            kept = list(self._pending)[offset:]
            offset = kept[0] if kept else 0
        for update_id in [known for known in self._pending if known < offset]:
            self.confirm(update_id)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
        for event in self._arrived:
            event.set()

    def _save(self) -> None:
        state: Json = {"last_id": self._last_id, "allowed": list(self.allowed)}
        self._store.put("setting", "updates", {"name": "updates", **state})
