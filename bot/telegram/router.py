"""Which feature an update is for: reads what the features declare, and sets the command menus."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from telegram import BotCommand, BotCommandScopeChat, BotCommandScopeDefault
from telegram.error import TelegramError

from bot.locales import Language, language_for, texts_for
from bot.storage import StorageError
from bot.telegram.client import call_at_start
from bot.telegram.feature import names_of_phrases
from bot.telegram.inbound.incoming import command_of, sender_of
from bot.telegram.requests import CallbackRequest, CommandRequest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from telegram import BotCommandScope, CallbackQuery, ChatMemberUpdated, Message, Update

    from bot.locales import Texts
    from bot.telegram.context import Context
    from bot.telegram.feature import Callback, Command, Feature

log = structlog.get_logger(__name__)

MENU_LANGUAGES = {"": Language.ZH_CN, "en": Language.EN}
"""Telegram asks for the two-letter code of the app's language; "" is the menu for all others."""


class Router:
    """Hands commands, presses of buttons and messages without words to their features.

    Args:
        context: what the features share.
        features: all there are, in the order of the menu.
    """

    def __init__(self, context: Context, features: Sequence[Feature]) -> None:
        self._context = context
        self._on_membership: list[Callable[[ChatMemberUpdated], Awaitable[None]]] = []
        self._on_no_words: list[Callable[[Message, Texts], Awaitable[None]]] = []
        self.commands: dict[str, Command] = {}
        self.callbacks: dict[str, Callback[Any]] = {}
        for feature in features:
            for command in feature.commands:
                _add(self.commands, command.name, command)
            for callback in feature.callbacks:
                _add(self.callbacks, callback.prefix, callback)
            if feature.on_membership is not None:
                self._on_membership.append(feature.on_membership)
            if feature.on_no_words is not None:
                self._on_no_words.append(feature.on_no_words)
        self._phrases = names_of_phrases(self.commands)

    async def route(self, update: Update) -> None:
        """Do what an update of the express lane asks for.

        Raises:
            StorageError: it could not be done now.
            Unreachable: its chat is shut.
            Undeliverable: Telegram did not take what the bot said.
        """
        if update.callback_query is not None:
            await self._route_callback(update.callback_query)
        elif update.my_chat_member is not None:
            for hear in self._on_membership:
                await hear(update.my_chat_member)
        elif update.message is not None:
            await self._route_message(update.message)

    async def run_command(self, name: str, request: CommandRequest) -> None:
        """Run a command; an unknown one is answered with what there is."""
        command = self.commands.get(name)
        if command is None:
            await self._context.outbox.send_text(request.chat_id, request.texts.unknown_command)
            return
        linked, dash, value = request.argument.partition("-")
        by_link = self.commands.get(linked) if command.opens_chat else None
        if by_link is not None and dash and by_link.run_by_link is not None:
            await by_link.run_by_link(replace(request, argument=value))
        elif by_link is not None and not dash and by_link.opens_by_link:
            await by_link.run(replace(request, argument=""))
        else:
            await command.run(request)
        # Telegram takes an admin's own menu only once their chat has begun.
        if command.opens_chat and request.user_id in self._context.options.admins:
            await self._publish_admin_menu(request.user_id)

    async def run_callback(self, request: CallbackRequest) -> None:
        """Do what a button asks for, and end its loading state; data of no button does nothing."""
        prefix, *arguments = request.data.split(":")
        try:
            callback = self.callbacks[prefix]
            parsed = callback.parse(arguments)
        except (KeyError, ValueError):
            toast: str | None = request.texts.button_expired
        else:
            toast = await callback.run(request, parsed)
        await self._context.outbox.answer_callback(request.query_id, toast)

    async def publish_menus(self) -> None:
        """Set the command menus. One that Telegram does not take costs a log line, nothing else."""
        for code, language in MENU_LANGUAGES.items():
            texts = texts_for(language)
            commands = [
                BotCommand(command.name, command.menu(texts))
                for command in self.commands.values()
                if command.menu is not None
            ]
            await self._publish_menu(commands, BotCommandScopeDefault(), code)
        for admin in self._context.options.admins:
            await self._publish_admin_menu(admin)

    async def _publish_admin_menu(self, admin: int) -> None:
        for code, language in MENU_LANGUAGES.items():
            texts = texts_for(language)
            commands = [
                BotCommand(command.name, menu(texts))
                for command in self.commands.values()
                if (menu := command.admin_menu or command.menu) is not None
            ]
            await self._publish_menu(commands, BotCommandScopeChat(admin), code)

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

    async def _route_callback(self, query: CallbackQuery) -> None:
        person, message = query.from_user, query.message
        language = language_for(person.language_code)
        if query.data is None or message is None:
            expired = texts_for(language).button_expired
            await self._context.outbox.answer_callback(query.id, expired)
            return
        await self.run_callback(
            CallbackRequest(
                query_id=query.id,
                chat_id=message.chat.id,
                user_id=person.id,
                message_id=message.message_id,
                message_date=message.date,
                data=query.data,
                language=language,
            )
        )

    async def _route_message(self, message: Message) -> None:
        person = sender_of(message)
        if person is None:
            return
        try:
            await self._context.storage.users.record_seen(person.id, person.language_code)
        except StorageError as error:  # what needs no database is done without it
            log.warning("person_not_noted", error=type(error).__name__)
        language = language_for(person.language_code)
        command = command_of(message, self._context.me, self._phrases)
        if command is None:
            for answer in self._on_no_words:
                await answer(message, texts_for(language))
            return
        name, argument = command
        await self.run_command(name, CommandRequest(message.chat.id, person.id, argument, language))


def _add(declared: dict[str, Any], key: str, value: object) -> None:
    if key in declared:
        raise ValueError(f"two features declare {key!r}")
    declared[key] = value
