"""What a person reads who may not use the bot: one kind sentence, and whom to call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from bot.locales.access import access_texts_for
from bot.safety.hotlines import numbers_for
from bot.telegram.access import Refusal
from bot.telegram.chat_ids import is_private

if TYPE_CHECKING:
    from bot.locales import Language
    from bot.locales.access.texts import RefusalText
    from bot.telegram.context import Context
    from bot.telegram.features.crisis.hotlines import HotlineList

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RefusalNotes:
    """Tells people that they may not, with the lines of where they are."""

    context: Context
    hotlines: HotlineList

    async def tell(self, user_id: int, chat_id: int, language: Language, refusal: Refusal) -> None:
        """Tell a person why they are not answered; why is nothing for a group.

        Raises:
            Unreachable: its chat is shut.
            Undeliverable: Telegram did not take it.
        """
        texts = access_texts_for(language)
        if not is_private(chat_id):
            await self.context.outbox.send_text(chat_id, texts.refused_group)
            return
        log.info("person_refused", why=refusal)
        words = {
            Refusal.BANNED: texts.refused_banned,
            Refusal.FULL: texts.refused_full,
            Refusal.NOT_INVITED: texts.refused_invite,
            Refusal.NOT_LISTED: texts.refused_list,
        }
        await self._say(user_id, language, words[refusal])
        await self.context.storage.counters.add(f"refused_{refusal}")

    async def tell_code_is_gone(self, user_id: int, language: Language) -> None:
        """Tell a person that their code lets nobody in. Raises as `tell`."""
        await self._say(user_id, language, access_texts_for(language).invite_gone)

    async def _say(self, user_id: int, language: Language, words: RefusalText) -> None:
        region = await self.hotlines.region(user_id)
        lines = numbers_for(language, region, at=self.context.now())["lines"]
        await self.hotlines.reply(user_id, words(lines=lines))
