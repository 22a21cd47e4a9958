"""Asks people who were in danger and have been silent since how they are: once, and no more.

The message says nothing of what was talked about: it appears on a locked screen.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.conversation.local_time import quiet_until, zone_for
from bot.locales import texts_for
from bot.safety import BY_OTHERS, region_of
from bot.storage import StorageError
from bot.telegram.features.crisis.keyboards import under_check_in
from bot.telegram.outbound.failures import Closed, Expired, Undeliverable, Unreachable

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from datetime import datetime
    from typing import Any

    from bot.conversation.crisis_protocol import CrisisProtocol
    from bot.locales import Language
    from bot.telegram.context import Context
    from bot.telegram.features.crisis.button_place import CrisisButtonPlace

log = structlog.get_logger(__name__)

AT_ONCE = 64
TRY_AGAIN_AFTER = timedelta(minutes=10)


class CheckIns:
    """Sends the check-ins that are due."""

    def __init__(
        self, context: Context, *, buttons: CrisisButtonPlace, protocol: CrisisProtocol
    ) -> None:
        self._buttons = buttons
        self._protocol = protocol
        self._outbox = context.outbox
        self._schedule = context.storage.check_ins
        self._users = context.storage.users
        self._counters = context.storage.counters
        self._preferences = context.storage.preferences
        self._language_for = context.language_for
        self._now = context.now
        self._tasks: set[asyncio.Task[None]] = set()

    async def send_due(self) -> None:
        """Claim what is due and send it, without waiting for Telegram.

        Raises:
            StorageError: nothing is known to be due.
        """
        for user_id, language_code in await self._schedule.claim_due(AT_ONCE, not_after=BY_OTHERS):
            task = asyncio.create_task(self._ask(user_id, language_code), name="check-in")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def aclose(self) -> None:
        """Wait for what is being sent; call it when the outbox is closed, which ends it all."""
        await asyncio.gather(*self._tasks)

    async def _ask(self, user_id: int, language_code: str | None) -> None:
        language = self._language_for(user_id, language_code)
        texts = texts_for(language)
        keyboard = under_check_in(texts, user_id)
        try:
            if (later := await self._quiet_until(user_id, language)) is not None:
                await self._unless_away(self._schedule.release(user_id, later))
                return
            # A private chat has its person's id; in a group no question is asked.
            asked = await self._outbox.send_text(user_id, texts.risk_check_in, keyboard)
            await self._buttons.moved(user_id, user_id, asked)
            await self._unless_away(self._protocol.note_check_in(user_id))
            await self._counters.add("check_in_sent")
        except Unreachable:
            await self._unless_away(self._users.mark_unreachable(user_id))
        except (Expired, Closed):
            again = self._now() + TRY_AGAIN_AFTER
            await self._unless_away(self._schedule.release(user_id, again))
        except Undeliverable as error:
            log.warning("check_in_undeliverable", error=type(error).__name__)

    async def _quiet_until(self, user_id: int, language: Language) -> datetime | None:
        """When the hours end in which a person wants to hear nothing; None: they may be asked."""
        try:
            chosen = await self._preferences.for_user(user_id)
            user = await self._users.get(user_id)
        except StorageError as error:
            log.warning("quiet_hours_unknown", error=type(error).__name__)
            return None
        region = region_of(user.region) if user is not None else None
        return quiet_until(chosen, self._now(), zone_for(chosen, language, region))

    async def _unless_away(self, write: Coroutine[Any, Any, None]) -> None:
        try:
            await write
        except StorageError as error:
            log.warning("check_in_end_not_stored", error=type(error).__name__)
