"""The side of who is invited: the link, the code, and being let in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bot.locales.access import access_texts_for
from bot.telegram.access import Refusal
from bot.telegram.requests import CommandRequest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.locales import Language
    from bot.telegram.context import Context
    from bot.telegram.features.access.refusals import RefusalNotes

_CODE: Final = re.compile(r"(?:[A-Z2-7]{4}[- ]?){3}[A-Z2-7]{4}", re.IGNORECASE)


class Admission:
    """Lets in who has a code.

    Args:
        context: what the features share.
        refusals: tell who may not come in.
        greet: says what this is to who has just come in.
    """

    def __init__(
        self,
        context: Context,
        *,
        refusals: RefusalNotes,
        greet: Callable[[CommandRequest], Awaitable[None]],
    ) -> None:
        self._access = context.access
        self._invites = context.storage.invites
        self._counters = context.storage.counters
        self._outbox = context.outbox
        self._refusals = refusals
        self._greet = greet

    async def open_link(self, request: CommandRequest) -> None:
        """Do what the link of an invite asks for; the code is the argument."""
        user_id, language = request.user_id, request.language
        if not request.is_private:
            return
        refusal = await self._access.refusal_of(user_id)
        if refusal is None:
            await self._greet(request)  # who is in uses up nothing
        elif refusal is Refusal.NOT_INVITED:
            await self._redeem(user_id, request.argument, language)
        else:
            await self._refusals.tell(user_id, request.chat_id, language, refusal)

    async def takes_as_code(self, user_id: int, words: str, language: Language) -> bool:
        """Take a message that is a code and nothing else; False if it is none."""
        if _CODE.fullmatch(words.strip()) is None:
            return False
        await self._redeem(user_id, words, language)
        return True

    async def _redeem(self, user_id: int, code: str, language: Language) -> None:
        if not await self._invites.redeem(user_id, re.sub(r"[\s-]", "", code)):
            await self._refusals.tell_code_is_gone(user_id, language)
            return
        await self._counters.add("invite_redeemed")
        await self._outbox.send_text(user_id, access_texts_for(language).invite_welcome)
        await self._greet(CommandRequest(user_id, user_id, "", language))
