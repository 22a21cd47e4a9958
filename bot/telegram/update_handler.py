"""The lane that does not wait: commands, buttons, other kinds of messages, comings and goings."""

from __future__ import annotations

import asyncio
import json
from collections import Counter, deque
from typing import TYPE_CHECKING

import structlog
from telegram import Message, Update
from telegram.constants import ChatMemberStatus, ChatType

from bot.locales import language_for, texts_for
from bot.storage import StorageError
from bot.telegram.inbound.incoming import command_of
from bot.telegram.keyboards import Press
from bot.telegram.outbound.delivery import Undeliverable, Unreachable
from bot.telegram.outbound.rendering import render
from bot.telegram.requests import CallbackRequest, CommandRequest
from bot.telegram.shutdown import cut_off

if TYPE_CHECKING:
    from telegram import Bot, CallbackQuery, ChatMemberUpdated, User

    from bot.locales import Texts
    from bot.storage import Inbox, StoredUpdate, Users
    from bot.telegram.buttons import Buttons
    from bot.telegram.commands import Commands
    from bot.telegram.outbound.outbox import Outbox

log = structlog.get_logger(__name__)

MAX_TRIES = 3
AT_ONCE = 512
OF_A_CHAT = 32
"""So many at once of any one chat: who presses a thousand buttons delays nobody else."""


class UpdateHandler:
    """Handles the updates of the express lane, each in a task of its own."""

    def __init__(
        self,
        *,
        bot: Bot,
        me: User,
        inbox: Inbox,
        users: Users,
        outbox: Outbox,
        commands: Commands,
        buttons: Buttons,
    ) -> None:
        self._bot = bot
        self._me = me
        self._inbox = inbox
        self._users = users
        self._outbox = outbox
        self._commands = commands
        self._buttons = buttons
        self._albums: deque[str] = deque(maxlen=256)
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._busy: Counter[int | None] = Counter()
        self._wanted = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin with what waits in the inbox."""
        self._wanted.set()
        self._loop = asyncio.create_task(self._run(), name="express lane")

    def wake(self) -> None:
        """Say that an update waits."""
        self._wanted.set()

    @property
    def held(self) -> list[int]:
        """The updates being handled, whose claims have to be renewed."""
        return list(self._tasks)

    async def drain(self, grace: float) -> None:
        """Take no new work and let what has begun finish for `grace` seconds."""
        if self._loop is not None:
            self._loop.cancel()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks.values(), timeout=grace)
            await cut_off(late)

    async def _run(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            room = AT_ONCE - len(self._tasks)
            if room <= 0:
                continue  # whoever ends first wakes the lane again
            try:
                claimed = await self._inbox.claim_express(
                    room, of_a_chat=OF_A_CHAT, exclude=self._full_chats()
                )
            except StorageError as error:
                log.warning("updates_not_claimed", error=type(error).__name__)
                continue
            except Exception:
                log.exception("update_handler_broke")
                continue
            for stored in claimed:
                self._busy[stored.chat_id] += 1
                self._tasks[stored.update_id] = asyncio.create_task(
                    self._handle(stored), name=f"update {stored.update_id}"
                )

    def _full_chats(self) -> list[int]:
        return [chat for chat, busy in self._busy.items() if chat is not None and busy >= OF_A_CHAT]

    async def _handle(self, stored: StoredUpdate) -> None:
        try:
            await self._attempt(stored)
        except StorageError as error:
            # The claim runs out and the update is tried again.
            log.error("update_paused", update=stored.update_id, error=type(error).__name__)
        except Exception:
            log.exception("update_failed", update=stored.update_id, attempt=stored.attempts)
            await self._give_up_or_retry(stored)
        finally:
            if len(self._tasks) >= AT_ONCE or self._busy[stored.chat_id] >= OF_A_CHAT:
                self._wanted.set()
            del self._tasks[stored.update_id]
            self._busy[stored.chat_id] -= 1
            if not self._busy[stored.chat_id]:
                del self._busy[stored.chat_id]

    async def _attempt(self, stored: StoredUpdate) -> None:
        try:
            await self._dispatch(Update.de_json(json.loads(stored.payload), self._bot))
        except Unreachable:
            if stored.chat_id is not None:
                await self._users.mark_unreachable(stored.chat_id)
        except Undeliverable as error:
            log.warning("reply_undeliverable", update=stored.update_id, error=type(error).__name__)
        await self._inbox.finish(stored.update_id)

    async def _give_up_or_retry(self, stored: StoredUpdate) -> None:
        try:
            # `attempts` counts the claims before this one.
            if stored.attempts + 1 < MAX_TRIES:
                await self._inbox.release([stored.update_id])  # the next sweep takes it up
                return
            await self._inbox.fail(stored.update_id, "handler_error")
            if stored.chat_id is not None:
                texts = texts_for(language_for(None))
                await self._outbox.send(stored.chat_id, render(texts.error_once_more)[0])
        except (StorageError, Unreachable, Undeliverable) as error:
            log.error("update_paused", update=stored.update_id, error=type(error).__name__)

    async def _dispatch(self, update: Update) -> None:
        if update.callback_query is not None:
            await self._pressed(update.callback_query)
        elif update.my_chat_member is not None:
            await self._came_or_went(update.my_chat_member)
        elif update.message is not None:
            await self._message(update.message)

    async def _came_or_went(self, change: ChatMemberUpdated) -> None:
        chat = change.chat
        gone = change.new_chat_member.status in {ChatMemberStatus.BANNED, ChatMemberStatus.LEFT}
        if gone:
            await self._users.mark_unreachable(chat.id)
            return
        self._outbox.reachable(chat.id)
        await self._users.mark_reachable(chat.id)
        was_away = change.old_chat_member.status in {ChatMemberStatus.BANNED, ChatMemberStatus.LEFT}
        if was_away and chat.type in {ChatType.GROUP, ChatType.SUPERGROUP}:
            texts = texts_for(language_for(change.from_user.language_code))
            await self._outbox.send(chat.id, render(texts.group_hint)[0])

    async def _message(self, message: Message) -> None:
        person = message.from_user
        if person is None:
            return
        try:
            await self._users.record_seen(person.id, person.language_code)
        except StorageError as error:  # what needs no database is done without it
            log.warning("person_not_noted", error=type(error).__name__)
        language = language_for(person.language_code)
        command = command_of(message, self._me)
        if command is None:
            if self._is_more_of_an_album(message):
                return
            await self._outbox.send(
                message.chat.id, render(_about_kind(message, texts_for(language)))[0]
            )
            return
        name, argument = command
        await self._commands.run(
            name, CommandRequest(message.chat.id, person.id, argument, language)
        )

    def _is_more_of_an_album(self, message: Message) -> bool:
        """An album arrives as one message a picture; one answer to it is enough."""
        album = message.media_group_id
        if album is None:
            return False
        seen = album in self._albums
        self._albums.append(album)
        return seen

    async def _pressed(self, query: CallbackQuery) -> None:
        person, message = query.from_user, query.message
        language = language_for(person.language_code)
        if query.data is None or message is None:
            await self._outbox.answer_callback(query.id, texts_for(language).button_expired)
            return
        await self._buttons.run(
            CallbackRequest(
                query_id=query.id,
                chat_id=message.chat.id,
                user_id=person.id,
                message_id=message.message_id,
                message_date=message.date,
                press=Press.parse(query.data),
                language=language,
            )
        )


def _about_kind(message: Message, texts: Texts) -> str:
    """What the bot says of a message that has no words in it."""
    if message.text:
        return texts.group_hint  # somebody called the bot by its name and said nothing more
    if message.photo:
        return texts.unsupported_photo
    if message.voice or message.audio or message.video_note:
        return texts.unsupported_voice
    if message.animation or message.video:
        return texts.unsupported_video
    if message.sticker:
        return texts.unsupported_sticker
    if message.document:
        return texts.unsupported_document
    if message.location or message.venue:
        return texts.unsupported_location
    if message.contact:
        return texts.unsupported_contact
    if message.poll:
        return texts.unsupported_poll
    return texts.unsupported_other
