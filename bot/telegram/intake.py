"""Where updates enter: stored first, acknowledged after, by polling or by webhook alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.storage import NewUpdate
from bot.telegram.incoming import Lane, lane_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from telegram import Update, User

    from bot.storage import Inbox

ALLOWED_UPDATES = ("message", "edited_message", "callback_query", "my_chat_member")


@dataclass(frozen=True, slots=True)
class Arrival:
    """An update that has just been stored for the first time."""

    update: Update
    lane: Lane
    chat_id: int


class Intake:
    """Keeps what arrives and tells the lanes about it."""

    def __init__(
        self,
        inbox: Inbox,
        me: User,
        *,
        now: Callable[[], datetime],
        on_arrival: Callable[[Arrival], None],
    ) -> None:
        self._inbox = inbox
        self._me = me
        self._now = now
        self._on_arrival = on_arrival

    async def keep(self, updates: Sequence[tuple[Update, bytes]]) -> None:
        """Store updates with the JSON they came as, in one transaction; repeats are no-ops.

        What is not addressed to the bot (other people's talk in a group) is not kept at all. Once
        this returns, Telegram may be told that the updates have arrived.

        Raises:
            StorageError: nothing was stored; Telegram must not be told.
        """
        arrivals: list[Arrival] = []
        rows: list[NewUpdate] = []
        received_at = self._now()
        for update, payload in updates:
            lane = lane_of(update, self._me)
            chat_id = _chat_of(update)
            if lane is None or chat_id is None:
                continue
            arrivals.append(Arrival(update, lane, chat_id))
            rows.append(
                NewUpdate(
                    update_id=update.update_id,
                    chat_id=chat_id,
                    lane=lane,
                    payload=payload,
                    received_at=received_at,
                )
            )
        if not rows:
            return
        stored = await self._inbox.add_all(rows)
        for arrival in arrivals:
            if arrival.update.update_id in stored:
                self._on_arrival(arrival)


def _chat_of(update: Update) -> int | None:
    if update.effective_chat is not None:
        return update.effective_chat.id
    # A button under a message that Telegram no longer gives: answered in the person's own chat.
    return update.effective_user.id if update.effective_user is not None else None
