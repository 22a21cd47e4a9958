"""Where updates enter: stored first, acknowledged after, by polling or by webhook alike."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from telegram import Update

from bot.storage import NewUpdate
from bot.telegram.inbound.incoming import Lane, lane_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from bot.storage import Inbox
    from bot.telegram.client import Client, RawUpdate

log = structlog.get_logger(__name__)

ALLOWED_UPDATES = ("message", "edited_message", "callback_query", "my_chat_member")


@dataclass(frozen=True, slots=True)
class Arrival:
    """An update that has just been stored for the first time."""

    update_id: int
    chat_id: int | None
    lane: Lane


class Intake:
    """Keeps what arrives and tells the lanes about it."""

    def __init__(
        self,
        inbox: Inbox,
        client: Client,
        *,
        now: Callable[[], datetime],
        on_arrival: Callable[[Arrival], None],
    ) -> None:
        self._inbox = inbox
        self._client = client
        self._now = now
        self._on_arrival = on_arrival

    async def keep(self, updates: Sequence[RawUpdate]) -> None:
        """Store updates, in one transaction; repeats are no-ops.

        What is not addressed to the bot (other people's talk in a group) is not kept at all. Once
        this returns, Telegram may be told that the updates have arrived.

        Raises:
            StorageError: nothing was stored; Telegram must not be told.
        """
        arrivals = [arrival for raw in updates if (arrival := self._sort(raw)) is not None]
        if not arrivals:
            return
        payloads = {raw["update_id"]: json.dumps(raw, ensure_ascii=False) for raw in updates}
        received_at = self._now()
        stored = await self._inbox.add_all(
            [
                NewUpdate(
                    update_id=arrival.update_id,
                    chat_id=arrival.chat_id,
                    lane=arrival.lane,
                    payload=payloads[arrival.update_id].encode("utf-8", "surrogatepass"),
                    received_at=received_at,
                )
                for arrival in arrivals
            ]
        )
        for arrival in arrivals:
            if arrival.update_id in stored:
                self._on_arrival(arrival)

    def _sort(self, raw: RawUpdate) -> Arrival | None:
        """Where an update goes; None if it is not for the bot."""
        update_id = raw["update_id"]
        try:
            update = Update.de_json(raw, self._client)
            lane = lane_of(update, self._client.bot)
            chat_id = _chat_of(update)
        except Exception as error:
            # Newer or odder than the library knows. Kept all the same: the express lane tries it
            # a few times and then keeps it as failed, where an operator can count it.
            log.warning("update_not_understood", update=update_id, error=type(error).__name__)
            return Arrival(update_id, None, "express")
        return None if lane is None else Arrival(update_id, chat_id, lane)


def _chat_of(update: Update) -> int | None:
    if update.effective_chat is not None:
        return update.effective_chat.id
    # A button under a message that Telegram no longer gives: answered in the person's own chat.
    return update.effective_user.id if update.effective_user is not None else None
