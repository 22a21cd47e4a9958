"""Tells people for whom no replica has room yet their place in the queue, once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.locales import texts_for
from bot.telegram.chat_ids import is_private
from bot.telegram.outbound.failures import Undeliverable, Unreachable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.telegram.context import Context

log = structlog.get_logger(__name__)

JOB = "tell who waits"
LEASE = timedelta(seconds=30)
"""For so long one replica does the telling, so that no person hears it from two."""
MAX_TOLD_AT_ONCE = 50
"""More would take the calls a second that answers need."""
MAX_REMEMBERED = 10_000


class QueueNotifier:
    """People who wait in the database, behind `CHATS_AT_ONCE` chats in every replica."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._inbox = context.storage.inbox
        self._jobs = context.storage.jobs
        self._told: set[int] = set()

    async def tell(self, busy: Sequence[int]) -> None:
        """Tell those who wait and have not heard so; `busy` are the chats at work here.

        Raises:
            StorageError: those who wait cannot be read now.
        """
        waiting = await self._inbox.list_chats_with_work(MAX_REMEMBERED, busy)
        self._told &= set(waiting)  # the others had their turn
        new = [
            (queue_position, chat_id)
            for queue_position, chat_id in enumerate(waiting, start=1)
            if is_private(chat_id) and chat_id not in self._told
        ]
        if not new or not await self._jobs.hold(JOB, LEASE):
            return
        for queue_position, chat_id in new[:MAX_TOLD_AT_ONCE]:
            self._told.add(chat_id)
            text = texts_for(await self._context.language_of(chat_id)).wait_place(
                count=queue_position
            )
            try:
                await self._context.outbox.send_text(chat_id, text)
            except (Unreachable, Undeliverable) as error:
                log.info("not_said", chat=chat_id, error=type(error).__name__)
