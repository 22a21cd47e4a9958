"""What is kept of people who have not written for long goes, and they are told of it before."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.locales import language_for, texts_for
from bot.storage import StorageError
from bot.storage.retention import TOLD_BEFORE
from bot.telegram.outbound.failures import Undeliverable, Unreachable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.storage.retention import IdlePerson
    from bot.telegram.context import Context

log = structlog.get_logger(__name__)

EVERY = timedelta(hours=1)
AT_ONCE = 100
"""People who are told, and who are erased, in an hour at most: nobody else waits for it."""


class RetentionKeeper:
    """Tells and erases, if the operator has set a time."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._kept_for = context.options.kept_for
        self._telling: asyncio.Task[None] | None = None

    async def run_due(self) -> None:
        """Once an hour in all replicas: tell whose time comes, erase whose time is over.

        Raises:
            StorageError: it goes on in the next hour.
        """
        storage = self._context.storage
        if self._kept_for is None or not await storage.jobs.claim("retention", EVERY):
            return
        await storage.retention.note_returns()
        admins = self._context.options.admins
        for user_id in await storage.retention.list_to_erase(self._kept_for, AT_ONCE, admins):
            await storage.users.erase(user_id)
            await storage.history_cache.forget(user_id)
            await storage.counters.add("retention_erased")
        if self._telling is None or self._telling.done():
            people = await storage.retention.list_to_tell(self._kept_for, AT_ONCE, admins)
            self._telling = asyncio.create_task(self._tell_all(people), name="retention")

    async def aclose(self) -> None:
        """Tell nobody more; who was not told yet is told later."""
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)

    async def _tell_all(self, people: Sequence[IdlePerson]) -> None:
        try:
            for person in people:
                await self._tell(person)
        except StorageError as error:
            log.info("retention_paused", error=type(error).__name__)

    async def _tell(self, person: IdlePerson) -> None:
        storage = self._context.storage
        text = texts_for(language_for(person.language_code)).retention_notice
        try:
            await self._context.outbox.send_text(person.user_id, text(count=TOLD_BEFORE.days))
        except Unreachable:
            await storage.users.mark_unreachable(person.user_id)
        except Undeliverable as error:
            log.info("not_said", chat=person.user_id, error=type(error).__name__)
        else:
            await storage.retention.mark_told(person.user_id)
            await storage.counters.add("retention_told")
