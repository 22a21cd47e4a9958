"""The list of help lines, for anybody who asks, whatever else works or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from bot.locales import texts_for
from bot.safety import region_of, render_hotlines
from bot.storage import StorageError
from bot.telegram import keyboards
from bot.telegram.outbound.lanes import Priority
from bot.telegram.outbound.numbers import render_with_numbers

if TYPE_CHECKING:
    from telegram import InlineKeyboardMarkup

    from bot.locales import Language
    from bot.safety import Region
    from bot.storage import Counters, Users
    from bot.telegram.outbound.outbox import Outbox

log = structlog.get_logger(__name__)


class HelpLines:
    """Shows people the lines of where they are: by their choice, else by their language."""

    def __init__(self, outbox: Outbox, users: Users, counters: Counters) -> None:
        self._outbox = outbox
        self._users = users
        self._counters = counters

    async def show(self, chat_id: int, user_id: int, language: Language) -> None:
        """Show every line, with a button to choose another region."""
        text = render_hotlines(language, await self.region(user_id))
        await self.say(chat_id, text, keyboards.under_hotlines(texts_for(language), user_id))
        await self._counters.add("hotlines_shown")

    async def region(self, user_id: int) -> Region | None:
        """What a person chose; None where they chose nothing or nobody can look it up now."""
        try:
            user = await self._users.user(user_id)
        except StorageError as error:
            log.warning("region_unknown", error=type(error).__name__)
            return None
        return region_of(user.region) if user is not None else None

    async def say(
        self, chat_id: int, text: str, keyboard: InlineKeyboardMarkup | None = None
    ) -> None:
        """Say a reviewed text ahead of whatever else is to be said in a chat."""
        *parts, last = render_with_numbers(text)
        for part in parts:
            await self._outbox.send(chat_id, part, priority=Priority.CRISIS)
        await self._outbox.send(chat_id, last, keyboard=keyboard, priority=Priority.CRISIS)
