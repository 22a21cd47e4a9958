"""What a command for one person alone says in a group: a neutral line, and the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

if TYPE_CHECKING:
    from bot.locales import Texts
    from bot.telegram.context import Context
    from bot.telegram.requests import CommandRequest


async def send_to_private(context: Context, request: CommandRequest, command: str) -> None:
    """Say that others read along here, with a button that runs the command in the private chat."""
    keyboard = open_private(request.texts, context.me.username, command)
    await context.outbox.send_text(request.chat_id, request.texts.private_here, keyboard)


def open_private(texts: Texts, username: str | None, command: str) -> InlineKeyboardMarkup | None:
    """A button that opens the private chat with the bot and runs a command of it there."""
    if not username:
        return None
    url = f"https://t.me/{username}?start={command}"
    return InlineKeyboardMarkup([[InlineKeyboardButton(texts.private_open, url=url)]])
