"""Asking for a human and being rid of one: /human, the buttons, and words for both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.locales import texts_for
from bot.safety import RiskLevel
from bot.telegram.chat_ids import is_private
from bot.telegram.feature import Command, Feature, button_row, owned_callback
from bot.telegram.features.handoff.without_human import WITHOUT_HUMAN

if TYPE_CHECKING:
    from telegram import InlineKeyboardMarkup

    from bot.locales import Language, Texts
    from bot.telegram.context import Context
    from bot.telegram.features.crisis.hotlines import HotlineList
    from bot.telegram.features.handoff.desk import HandoffDesk
    from bot.telegram.requests import CallbackRequest, CommandRequest


class HumanRequests(Feature):
    """What a person decides about humans: none comes without their having been told.

    Args:
        context: what the features share.
        desk: opens and ends hand-overs.
        hotlines: shown to people where nobody is on call.
    """

    def __init__(self, context: Context, *, desk: HandoffDesk, hotlines: HotlineList) -> None:
        self._outbox = context.outbox
        self._has_oncall = context.options.has_oncall
        self._desk = desk
        self._hotlines = hotlines
        self.commands = (
            Command(name="human", run=self._human, menu=lambda t: t.command_human),
            Command(
                name="no_human",
                run=self._no_human,
                menu=None,
                phrases=WITHOUT_HUMAN,
                open_to_all=True,
            ),
        )
        self.callbacks = (owned_callback("human", ("call", "off"), self._press, open_to_all=True),)

    async def offer(self, chat_id: int, user_id: int, language: Language) -> None:
        """Say that humans are on call and what a call means, with a button that makes it."""
        if self._has_oncall and is_private(chat_id):
            texts = texts_for(language)
            await self._outbox.send_text(chat_id, texts.desk_offer, call_human(texts, user_id))

    async def _human(self, request: CommandRequest) -> None:
        """Ask for a human; say honestly what comes of it."""
        texts = request.texts
        if not request.is_private:
            await self._outbox.send_text(request.chat_id, texts.desk_private)
            return
        if not self._has_oncall:
            await self._outbox.send_text(request.chat_id, texts.desk_nobody)
            await self._hotlines.show(request.chat_id, request.user_id, request.language)
            return
        await self._desk.ask_for_human(request.chat_id, request.user_id, request.language)

    async def _no_human(self, request: CommandRequest) -> None:
        if request.is_private:
            await self._desk.decline(request.user_id, request.language)
        else:
            await self._outbox.send_text(request.chat_id, request.texts.private_here)

    async def _press(self, request: CallbackRequest, choice: str) -> str | None:
        chat_id, user_id = request.chat_id, request.user_id
        if not is_private(chat_id):
            return request.texts.button_expired
        if choice == "off":
            await self._desk.decline(user_id, request.language)
        elif self._has_oncall:
            await self._desk.ask_for_human(chat_id, user_id, request.language, level=RiskLevel.HIGH)
        else:
            await self._outbox.send_text(chat_id, request.texts.desk_nobody)
        await self._outbox.edit_keyboard(chat_id, request.message_id, None)
        return None


def call_human(texts: Texts, user_id: int) -> InlineKeyboardMarkup:
    """Under the word that humans are on call."""
    return button_row((texts.desk_button_call, f"human:call:{user_id}"))
