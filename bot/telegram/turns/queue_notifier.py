"""Tells people for whom no replica has room yet that they are not forgotten: once, with a place."""

from __future__ import annotations

from collections import OrderedDict
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.locales import texts_for
from bot.telegram.outbound.delivery import Undeliverable, Unreachable
from bot.telegram.outbound.rendering import render

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from bot.locales import Language
    from bot.storage import Inbox, Jobs
    from bot.telegram.outbound.outbox import Outbox

log = structlog.get_logger(__name__)

JOB = "tell who waits"
LEASE = timedelta(seconds=30)
"""For so long one replica does the telling, so that nobody hears it from two."""
TOLD_AT_ONCE = 50
"""More would take the calls a second that answers need."""
REMEMBERED = 10_000


class QueueNotifier:
    """People who wait in the database, behind `CHATS_AT_ONCE` chats in every replica."""

    def __init__(
        self,
        inbox: Inbox,
        jobs: Jobs,
        outbox: Outbox,
        *,
        language_of: Callable[[int], Awaitable[Language]],
    ) -> None:
        self._inbox = inbox
        self._jobs = jobs
        self._outbox = outbox
        self._language_of = language_of
        self._told: OrderedDict[int, None] = OrderedDict()

    async def tell(self, busy: Sequence[int]) -> None:
        """Tell those who wait and have not heard so; `busy` are the chats at work here.

        Raises:
            StorageError: nobody knows now who waits.
        """
        waiting = await self._inbox.list_chats_with_work(REMEMBERED, busy)
        for chat_id in self._told.keys() - set(waiting):
            del self._told[chat_id]  # they had their turn
        new = [
            (place, chat_id)
            for place, chat_id in enumerate(waiting, start=1)
            if chat_id > 0 and chat_id not in self._told
        ]
        if not new or not await self._jobs.hold(JOB, LEASE):
            return
        for place, chat_id in new[:TOLD_AT_ONCE]:
            self._told[chat_id] = None
            text = texts_for(await self._language_of(chat_id)).wait_place(count=place)
            try:
                await self._outbox.send(chat_id, render(text)[0])
            except (Unreachable, Undeliverable) as error:
                log.info("not_said", chat=chat_id, error=type(error).__name__)
