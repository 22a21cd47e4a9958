"""The door: who may not use the bot reads one kind sentence and whom to call; danger passes."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import structlog

from bot.locales.access import access_texts_for
from bot.safety import RiskLevel, level_at
from bot.telegram.access import Refusal
from bot.telegram.chat_ids import is_private
from bot.telegram.outbound.failures import Undeliverable, Unreachable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.locales import Language
    from bot.telegram.context import Context
    from bot.telegram.features.access.admission import Admission
    from bot.telegram.features.access.refusals import RefusalNotes

log = structlog.get_logger(__name__)

TOLD_EVERY: Final = 3600.0
"""Seconds in which a chat is told once why its words are not answered; a command always is."""
REMEMBERED: Final = 4096
LOOK_AGAIN_AFTER: Final = timedelta(minutes=1)
"""What waits for the end of a maintenance is looked at so often, should its end be missed."""


class Door:
    """Decides for each person whether they may use the bot, and tells who may not.

    Args:
        context: what the features share.
        refusals: tell who may not.
        admission: lets in who sends the code of an invite.
        hears_danger: whether words tell of danger that the first reading did not find.
    """

    def __init__(
        self,
        context: Context,
        *,
        refusals: RefusalNotes,
        admission: Admission,
        hears_danger: Callable[[str], Awaitable[bool]],
    ) -> None:
        self._context = context
        self._access = context.access
        self._refusals = refusals
        self._admission = admission
        self._hears_danger = hears_danger
        self._told: OrderedDict[int, float] = OrderedDict()

    async def lets_in(self, user_id: int, chat_id: int) -> bool:
        """Whether a person may use the bot, or is let in because of danger. Raises StorageError."""
        refusal = await self._access.refusal_of(user_id)
        return refusal is None or await self._counts_more(user_id, chat_id)

    async def answers_command(self, user_id: int, chat_id: int, language: Language) -> bool:
        """Whether a person may have a command; who may not is told so. Raises as `send_text`."""
        refusal = await self._access.refusal_of(user_id)
        if refusal is None or await self._counts_more(user_id, chat_id):
            return True
        await self._refusals.tell(user_id, chat_id, language, refusal)
        return False

    async def answers_words(
        self, user_id: int, chat_id: int, language: Language, words: str
    ) -> bool:
        """Whether what a person wrote is answered; who may not is told so, once in a while.

        Raises StorageError.
        """
        refusal = await self._access.refusal_of(user_id)
        if refusal is None or await self._counts_more(user_id, chat_id):
            return True
        by_code = refusal is Refusal.NOT_INVITED and is_private(chat_id)
        if by_code and await self._admission.takes_as_code(user_id, words, language):
            return False
        if words and await self._hears_danger(words):
            return True
        if words and self._may_tell(chat_id):
            try:
                await self._refusals.tell(user_id, chat_id, language, refusal)
            except (Unreachable, Undeliverable) as error:
                log.info("not_said", chat=chat_id, error=type(error).__name__)
        return False

    async def pause_ends(self, user_id: int, chat_id: int, language: Language) -> datetime | None:
        """When to look again at what waits for the end of a maintenance, which is told once.

        None: it is answered now. Raises StorageError.
        """
        since = self._access.paused_since
        if since is None or await self._counts_more(user_id, chat_id):
            return None
        if await self._context.storage.access.claim_pause_notice(user_id, since):
            try:
                text = access_texts_for(language).paused
                await self._context.outbox.send_text(chat_id, text)
            except (Unreachable, Undeliverable) as error:
                log.info("not_said", chat=chat_id, error=type(error).__name__)
        return self._context.now() + LOOK_AGAIN_AFTER

    async def _counts_more(self, user_id: int, chat_id: int) -> bool:
        """Whether a person is in danger, or talks to a human of the operators."""
        known = await self._context.storage.risk.for_chat((user_id, chat_id))
        if level_at(known.ends, self._context.now()) is not RiskLevel.NONE:
            return True
        handover = await self._context.storage.handovers.for_user(user_id)
        return handover is not None and handover.state == "taken"

    def _may_tell(self, chat_id: int) -> bool:
        now = self._context.clock()
        if now - self._told.get(chat_id, float("-inf")) < TOLD_EVERY:
            return False
        self._told[chat_id] = now
        self._told.move_to_end(chat_id)
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        return True
