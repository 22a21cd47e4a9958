"""/about and /safety: what answers here, who runs it, and how it tries to keep people safe."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot import __version__
from bot.telegram.feature import Command, Feature
from bot.telegram.outbound.rendering import plain
from inference.engine import shown_name

if TYPE_CHECKING:
    from bot.locales import Texts
    from bot.telegram.context import Context
    from bot.telegram.requests import CommandRequest

_TELEGRAM_NAME = re.compile(r"@([A-Za-z]\w{3,31})", re.ASCII)
_WEB_ADDRESS = re.compile(r"https://[^\s/]+\.\S+")


class About(Feature):
    """Says what this bot is; nothing of it needs the database or the engine."""

    def __init__(self, context: Context) -> None:
        self._outbox = context.outbox
        self._serving = context.options.serving
        self._contact = context.options.operator_contact
        self.commands = (
            Command(
                name="safety", run=self._safety, menu=lambda t: t.command_safety, open_to_all=True
            ),
            Command(
                name="about", run=self._about, menu=lambda t: t.command_about, open_to_all=True
            ),
        )

    async def _safety(self, request: CommandRequest) -> None:
        await self._outbox.send_text(request.chat_id, request.texts.care_safety)

    async def _about(self, request: CommandRequest) -> None:
        texts = request.texts
        text = texts.about(
            version=__version__,
            model=shown_name(self._serving().name) or texts.about_model_unknown,
            contact=self._contact or texts.about_no_contact,
        )
        keyboard = contact_operator(texts, self._contact)
        # Names are shown as they are: an underscore in one is no Markdown.
        await self._outbox.send_parts(request.chat_id, plain(text), keyboard)


def contact_operator(texts: Texts, contact: str | None) -> InlineKeyboardMarkup | None:
    """Under /about, where the operator's contact is something that a tap can open."""
    address = _address_of(contact or "")
    if address is None:
        return None
    return InlineKeyboardMarkup([[InlineKeyboardButton(texts.about_contact, url=address)]])


def _address_of(contact: str) -> str | None:
    if name := _TELEGRAM_NAME.fullmatch(contact):
        return f"https://t.me/{name[1]}"
    return contact if _WEB_ADDRESS.fullmatch(contact) else None
