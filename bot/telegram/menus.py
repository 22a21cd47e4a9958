"""The command menu Telegram shows, per language and role."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from telegram import BotCommand, BotCommandScopeChat, BotCommandScopeDefault
from telegram.error import TelegramError

from bot.locales import Language, texts_for

if TYPE_CHECKING:
    from collections.abc import Iterable

    from telegram import Bot

    from bot.locales import Texts

log = structlog.get_logger(__name__)

# Telegram asks for the two-letter code of the app's language; "" is the menu for all others.
MENU_LANGUAGES = {"": Language.ZH_CN, "en": Language.EN}


async def publish_menus(bot: Bot, admins: Iterable[int]) -> None:
    """Set the command menus. A server that does not take them costs a log line, nothing else."""
    try:
        for code, language in MENU_LANGUAGES.items():
            texts = texts_for(language)
            await bot.set_my_commands(
                _commands(texts), BotCommandScopeDefault(), language_code=code or None
            )
            for admin in admins:
                await bot.set_my_commands(
                    _commands(texts, reset=texts.command_admin_reset),
                    BotCommandScopeChat(admin),
                    language_code=code or None,
                )
    except TelegramError as error:
        log.warning("menus_not_set", error=type(error).__name__)


def _commands(texts: Texts, reset: str | None = None) -> list[BotCommand]:
    return [
        BotCommand("help", texts.command_help),
        BotCommand("help_now", texts.command_help_now),
        BotCommand("stop", texts.command_stop),
        BotCommand("reset", reset or texts.command_reset),
        BotCommand("privacy", texts.command_privacy),
        BotCommand("export", texts.command_export),
        BotCommand("erase", texts.command_erase),
        BotCommand("start", texts.command_start),
    ]
