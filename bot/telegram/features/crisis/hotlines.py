"""The list of hotlines, for each person who asks, whatever else works or not."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import structlog

from bot.locales import texts_for
from bot.safety import region_of, render_hotlines
from bot.storage import StorageError
from bot.telegram.features.crisis.button_place import CrisisButtonPlace
from bot.telegram.features.crisis.keyboards import under_hotlines
from bot.telegram.features.crisis.reply_pace import ReplyPace
from bot.telegram.outbound.numbers import render_with_numbers
from bot.telegram.outbound.operation import Priority

if TYPE_CHECKING:
    from telegram import InlineKeyboardMarkup

    from bot.locales import Language
    from bot.safety import Region
    from bot.telegram.context import Context

log = structlog.get_logger(__name__)

REMEMBERED = 4096
"""People whose region is kept at hand, for when the database is away."""


class HotlineList:
    """Shows people the lines of where they are: by their choice, else by their language."""

    def __init__(self, context: Context) -> None:
        self._outbox = context.outbox
        self._users = context.storage.users
        self._counters = context.storage.counters
        self.buttons = CrisisButtonPlace(context)
        self._pace = ReplyPace(context.clock)
        self._regions: OrderedDict[int, Region] = OrderedDict()

    async def show(self, chat_id: int, user_id: int, language: Language) -> None:
        """Show every line, with a button to choose another region."""
        await self.show_lines(chat_id, user_id, language, await self.region(user_id))
        await self._counters.add("hotlines_shown")

    async def show_lines(
        self, chat_id: int, user_id: int, language: Language, region: Region | None
    ) -> None:
        """Show the lines of a region, unless they have just been shown or are on their way."""
        lines = render_hotlines(language, region)
        if not self._pace.begin_list(chat_id, lines):
            return
        try:
            await self.reply(chat_id, lines, under_hotlines(texts_for(language), user_id))
        except BaseException:
            self._pace.forget_list(chat_id)
            raise

    async def region(self, user_id: int) -> Region | None:
        """What a person chose, as far as it is known; None where they chose nothing."""
        try:
            user = await self._users.get(user_id)
        except StorageError as error:
            log.warning("region_not_read", error=type(error).__name__)
            return self.last_region(user_id)
        region = region_of(user.region) if user is not None else None
        self.remember_region(user_id, region)
        return region

    def last_region(self, user_id: int) -> Region | None:
        """What was read last: a number of another country would be of no use."""
        return self._regions.get(user_id)

    def remember_region(self, user_id: int, region: Region | None) -> None:
        """Keep what a person chose at hand; None: nothing."""
        self._regions.pop(user_id, None)
        if region is not None:
            self._regions[user_id] = region
            if len(self._regions) > REMEMBERED:
                self._regions.popitem(last=False)

    async def say(
        self, chat_id: int, text: str, keyboard: InlineKeyboardMarkup | None = None
    ) -> int:
        """Say a reviewed text ahead of whatever else is to be said in a chat; its message's id."""
        parts = render_with_numbers(text)
        return await self._outbox.send_parts(chat_id, parts, keyboard, priority=Priority.CRISIS)

    async def reply(
        self, chat_id: int, text: str, keyboard: InlineKeyboardMarkup | None = None
    ) -> int:
        """Say what a person asked for; its message's id.

        The first replies to a chat go ahead of whatever else is to be said, and in a flood the
        others at the pace of all texts.
        """
        priority = self._pace.begin(chat_id)
        parts = render_with_numbers(text)
        return await self._outbox.send_parts(chat_id, parts, keyboard, priority=priority)

    async def say_with_buttons(
        self, user_id: int, chat_id: int, text: str, keyboard: InlineKeyboardMarkup
    ) -> None:
        """Say a card with a person's crisis buttons, which then stand nowhere else."""
        await self.buttons.moved(user_id, chat_id, await self.say(chat_id, text, keyboard))

    async def reply_with_buttons(
        self, user_id: int, chat_id: int, text: str, keyboard: InlineKeyboardMarkup
    ) -> None:
        """Reply with a person's crisis buttons, which then stand nowhere else."""
        await self.buttons.moved(user_id, chat_id, await self.reply(chat_id, text, keyboard))
