"""The command menus: everybody's in each language, and one for each who has a role."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import structlog
from telegram import BotCommand, BotCommandScopeChat, BotCommandScopeDefault
from telegram.error import TelegramError

from bot.locales import Language, texts_for
from bot.storage import Role
from bot.telegram.client import call_at_start

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from telegram import BotCommandScope

    from bot.telegram.context import Context
    from bot.telegram.feature import Command, MenuText

log = structlog.get_logger(__name__)

MENU_LANGUAGES = {"": Language.ZH_CN, "en": Language.EN}
"""Telegram asks for the two-letter code of the app's language; "" is the menu for all others."""


class CommandMenus:
    """Sets the menus in Telegram. `commands` are all there are, which the router knows."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.commands: Mapping[str, Command] = {}

    async def publish(self) -> None:
        """Set the command menus. One that Telegram does not take costs a log line, nothing else."""
        for code, language in MENU_LANGUAGES.items():
            texts = texts_for(language)
            commands = [
                BotCommand(command.name, command.menu(texts))
                for command in self.commands.values()
                if command.menu is not None
            ]
            await self._publish_menu(commands, BotCommandScopeDefault(), code)
        access = self._context.access
        for holder in sorted(access.list_with_role(Role.VIEWER)):
            if (role := access.role_of(holder)) is not None:
                await self.publish_for(holder, role)

    async def publish_for(self, holder: int, role: Role) -> None:
        """Set the menu of a person with a role: everybody's, and behind it what they may do."""
        for code, language in MENU_LANGUAGES.items():
            texts = texts_for(language)
            commands = [
                BotCommand(command.name, menu(texts))
                for command in self.commands.values()
                if (menu := _menu_for(command, role)) is not None
            ]
            await self._publish_menu(commands, BotCommandScopeChat(holder), code)

    async def withdraw(self, person: int) -> None:
        """Give a person who has no role any more the menu of everybody."""
        for code in MENU_LANGUAGES:
            try:
                await self._context.client.delete_my_commands(
                    BotCommandScopeChat(person), language_code=code or None
                )
            except TelegramError as error:
                log.warning("menu_not_set", scope="chat", error=type(error).__name__)

    async def _publish_menu(
        self, commands: Sequence[BotCommand], scope: BotCommandScope, code: str
    ) -> None:
        try:
            await call_at_start(
                partial(
                    self._context.client.set_my_commands,
                    commands,
                    scope,
                    language_code=code or None,
                ),
                self._context.sleep,
            )
        except TelegramError as error:
            log.warning("menu_not_set", scope=scope.type, error=type(error).__name__)


def _menu_for(command: Command, role: Role) -> MenuText | None:
    """What the menu of a role says of a command; None: nothing."""
    if command.role is not None:
        return command.admin_menu if role >= command.role else None
    may_more = role is Role.ADMIN and command.admin_menu is not None
    return command.admin_menu if may_more else command.menu
