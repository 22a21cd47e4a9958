"""The command menu Telegram shows, per language and role."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from telegram import BotCommand, BotCommandScopeChat, BotCommandScopeDefault
from telegram.error import TelegramError

from bot.locales import Language, texts_for

if TYPE_CHECKING:
    from collections.abc import Iterable

    from telegram import Bot, BotCommandScope

    from bot.locales import Texts

log = structlog.get_logger(__name__)

# Telegram asks for the two-letter code of the app's language; "" is the menu for all others.
MENU_LANGUAGES = {"": Language.ZH_CN, "en": Language.EN}


async def publish_menus(bot: Bot, admins: Iterable[int]) -> None:
    """Set the command menus. A menu that Telegram does not take costs a log line, nothing else."""
    for code, language in MENU_LANGUAGES.items():
        await _publish(bot, code, _commands(texts_for(language)), BotCommandScopeDefault())
    for admin in admins:
        await publish_menu_of_admin(bot, admin)


async def publish_menu_of_admin(bot: Bot, admin: int) -> None:
    """Set the menu of one admin, which Telegram takes only once they have written to the bot."""
    for code, language in MENU_LANGUAGES.items():
        texts = texts_for(language)
        commands = _commands(texts, reset=texts.command_admin_reset)
        await _publish(bot, code, commands, BotCommandScopeChat(admin))


async def _publish(bot: Bot, code: str, commands: list[BotCommand], scope: BotCommandScope) -> None:
    try:
        await bot.set_my_commands(commands, scope, language_code=code or None)
    except TelegramError as error:
        log.warning("menu_not_set", scope=scope.type, error=type(error).__name__)


def _commands(texts: Texts, reset: str | None = None) -> list[BotCommand]:
    return [
        BotCommand("help", texts.command_help),
        BotCommand("help_now", texts.command_help_now),
        BotCommand("human", texts.command_human),
        BotCommand("stop", texts.command_stop),
        BotCommand("reset", reset or texts.command_reset),
        BotCommand("contact", texts.command_contact),
        BotCommand("safety", texts.command_safety),
        BotCommand("privacy", texts.command_privacy),
        BotCommand("export", texts.command_export),
        BotCommand("erase", texts.command_erase),
        BotCommand("start", texts.command_start),
    ]
