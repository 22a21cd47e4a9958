"""Which feature an update is for: reads what the features declare, and who may have it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import structlog

from bot.locales import texts_for
from bot.locales.access import access_texts_for
from bot.storage import StorageError
from bot.telegram.feature import names_of_phrases
from bot.telegram.inbound.incoming import command_of, sender_of
from bot.telegram.requests import CallbackRequest, CommandRequest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from telegram import CallbackQuery, ChatMemberUpdated, Message, Update

    from bot.locales import Texts
    from bot.telegram.command_menus import CommandMenus
    from bot.telegram.context import Context
    from bot.telegram.feature import Callback, Command, Feature
    from bot.telegram.features.access.door import Door
    from bot.telegram.request_pace import Granted, RequestPace

log = structlog.get_logger(__name__)


class Router:
    """Hands commands, presses of buttons and messages without words to their features.

    Args:
        context: what the features share.
        features: all there are, in the order of the menu.
        door: knows who may use the bot.
        pace: how many requests one person gets.
        menus: show the commands.
    """

    def __init__(
        self,
        context: Context,
        features: Sequence[Feature],
        *,
        door: Door,
        pace: RequestPace,
        menus: CommandMenus,
    ) -> None:
        self._context = context
        self._door = door
        self._pace = pace
        self._menus = menus
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
        menus.commands = self.commands

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
        """Run a command; an unknown one is answered with what there is.

        For who lacks the role of a command there is none of that name.
        """
        command = self.commands.get(name)
        is_urgent = command is not None and command.is_urgent
        if not is_urgent and not await self._is_in_pace(request):
            return
        call = _call_of(self.commands, command, request)
        if not call.open_to_all and not await self._door.answers_command(
            request.user_id, request.chat_id, request.language
        ):
            return
        if command is None or not await self._has_role_for(command, request):
            await self._context.outbox.send_text(request.chat_id, request.texts.unknown_command)
            return
        await call.run(call.request)
        # Telegram takes a menu of one's own only once the chat has begun.
        role = self._context.access.role_of(request.user_id)
        if command.opens_chat and role is not None:
            await self._menus.publish_for(request.user_id, role)

    async def run_callback(self, request: CallbackRequest) -> None:
        """Do what a button asks for, and end its loading state; data of no button does nothing."""
        toast = await self._toast_of(request)
        await self._context.outbox.answer_callback(request.query_id, toast)

    async def _toast_of(self, request: CallbackRequest) -> str | None:
        """Do what a button asks for; what is shown for a moment."""
        prefix, *arguments = request.data.split(":")
        try:
            callback = self.callbacks[prefix]
            parsed = callback.parse(arguments)
        except (KeyError, ValueError):
            return request.texts.button_expired
        if not callback.is_urgent:
            texts = access_texts_for(request.language)
            if self._pace_of(request.user_id) != "granted":
                return texts.too_fast
            if not callback.open_to_all and not await self._door.lets_in(
                request.user_id, request.chat_id
            ):
                return texts.refused_button
        if callback.role is not None and not self._context.access.has_role(
            request.user_id, callback.role
        ):
            await self._context.storage.audit.record(request.user_id, prefix, "other", "refused")
            return request.texts.button_expired
        return await callback.run(request, parsed)

    async def _is_in_pace(self, request: CommandRequest) -> bool:
        """Whether a person may have another command now; they are told once where not."""
        found = self._pace_of(request.user_id)
        if found == "first refused":
            text = access_texts_for(request.language).too_fast
            await self._context.outbox.send_text(request.chat_id, text)
        return found == "granted"

    def _pace_of(self, user_id: int) -> Granted:
        if self._context.access.role_of(user_id) is not None:
            return "granted"
        return self._pace.note(user_id)

    async def _has_role_for(self, command: Command, request: CommandRequest) -> bool:
        """Whether there is such a command for a person, here: an operator's is none in a group."""
        if command.role is None:
            return True
        if not self._context.access.has_role(request.user_id, command.role):
            await self._context.storage.audit.record(
                request.user_id, command.name, "other", "refused"
            )
            return False
        return request.is_private or request.chat_id == self._context.options.admin_chat_id

    async def publish_menus(self) -> None:
        """Set the command menus."""
        await self._menus.publish()

    async def _route_callback(self, query: CallbackQuery) -> None:
        person, message = query.from_user, query.message
        language = self._context.language_for(person.id, person.language_code)
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
        admits = self._context.access.admits_all
        try:
            await self._context.storage.users.record_seen(
                person.id, person.language_code, admits=admits
            )
        except StorageError as error:  # what needs no database is done without it
            log.warning("person_not_noted", error=type(error).__name__)
        language = self._context.language_for(person.id, person.language_code)
        command = command_of(message, self._context.me, self._phrases)
        name, argument = command or ("", "")
        request = CommandRequest(message.chat.id, person.id, argument, language)
        if command is not None:
            await self.run_command(name, request)
        elif await self._is_in_pace(request) and await self._door.answers_command(
            person.id, message.chat.id, language
        ):
            for answer in self._on_no_words:
                await answer(message, texts_for(language))


@dataclass(frozen=True, slots=True)
class _Call:
    """What a command comes to: a link to the bot calls for that of another one."""

    run: Callable[[CommandRequest], Awaitable[None]]
    request: CommandRequest
    open_to_all: bool


def _call_of(
    commands: Mapping[str, Command], command: Command | None, request: CommandRequest
) -> _Call:
    if command is None:
        return _Call(_do_nothing, request, open_to_all=False)
    linked, dash, value = request.argument.partition("-")
    by_link = commands.get(linked) if command.opens_chat else None
    if by_link is not None and dash and by_link.run_by_link is not None:
        request = replace(request, argument=value)
        return _Call(by_link.run_by_link, request, by_link.link_open_to_all)
    if by_link is not None and not dash and by_link.opens_by_link:
        command, request = by_link, replace(request, argument="")
    return _Call(command.run, request, command.open_to_all or command.is_urgent)


async def _do_nothing(_request: CommandRequest) -> None:
    pass


def _add(declared: dict[str, Any], key: str, value: object) -> None:
    if key in declared:
        raise ValueError(f"two features declare {key!r}")
    declared[key] = value
