"""How much one person gets in a day.

Danger and humans on duty know no limit, and cards and commands never see one.

What a person writes beyond the limit of a private chat waits in the inbox and is answered when the
oldest of their answers is a day old; they are told so once. In a group it would keep others waiting
behind it, so there it ends unanswered. An answer that is made again counts for who asked for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING

import structlog

from bot.locales import texts_for
from bot.safety import RiskLevel, level_at
from bot.telegram.outbound.failures import Undeliverable, Unreachable

if TYPE_CHECKING:
    from datetime import datetime

    from bot.locales import Language
    from bot.telegram.context import Context

log = structlog.get_logger(__name__)

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Quota:
    """`per_day`: answers that one person gets within any 24 hours; 0 sets no limit.

    An admin can give a person a limit of their own.
    """

    context: Context
    per_day: int

    async def ends_at(self, user_id: int, chat_id: int) -> datetime | None:
        """Until when a person gets no more answers; None: they may have one.

        Raises:
            StorageError: it cannot be read now.
        """
        per_day = self.context.access.quota_of(user_id, self.per_day)
        if not per_day:
            return None
        now = self.context.now()
        free_at = await self.context.storage.limits.free_at(user_id, per_day, DAY)
        if free_at is None or free_at <= now:
            return None
        known = await self.context.storage.risk.for_chat((user_id, chat_id))
        if level_at(known.ends, now) is not RiskLevel.NONE:
            return None
        if await self.context.storage.handovers.for_user(user_id) is not None:
            return None  # it is a human who answers
        return free_at

    def hours_until(self, moment: datetime) -> int:
        """Whole hours to wait, as people are told."""
        return ceil((moment - self.context.now()) / timedelta(hours=1))

    async def check_and_tell(
        self, user_id: int, chat_id: int, language: Language
    ) -> datetime | None:
        """Until when a person is not answered, told to them once; None: they may have a turn.

        Raises:
            StorageError: it cannot be read now.
        """
        free_at = await self.ends_at(user_id, chat_id)
        if free_at is None:
            return None
        if await self.context.storage.limits.claim_notice(user_id, DAY):
            log.info("limit_reached", user=user_id)
            try:
                text = texts_for(language).wait_limit(count=self.hours_until(free_at))
                await self.context.outbox.send_text(chat_id, text)
            except (Unreachable, Undeliverable) as error:
                log.info("not_said", user=user_id, error=type(error).__name__)
        return free_at
