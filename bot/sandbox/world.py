"""The state of this Telegram: who exists, what was said, what is shown right now.

Every change goes through one of the methods here, which keep three things in step: the memory,
the store and the open pages. Nothing here decides whether a change is allowed.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.sandbox.hub import Hub
from bot.sandbox.model import (
    BotIdentity,
    CallbackQuery,
    Chat,
    Clock,
    Json,
    Message,
    Person,
    StoredFile,
    Update,
)
from bot.sandbox.updates import UpdateQueue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bot.sandbox.store import Record, Store

MESSAGES_PER_CHAT = 2000
# Seconds that a typing notice and a draft stay on the screen without being renewed.
TYPING_SECONDS = 5
DRAFT_SECONDS = 30


class World:
    """People, chats, messages and files, in memory and in the store."""

    def __init__(
        self,
        bot: BotIdentity,
        store: Store,
        clock: Clock | None = None,
        new_id: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        self.bot = bot
        self.store = store
        self.clock = clock or Clock()
        self.new_id = new_id
        self.hub = Hub()
        self.updates = UpdateQueue(store, self.clock)
        self.people: dict[int, Person] = {}
        self.chats: dict[int, Chat] = {}
        self.history: dict[int, dict[int, Message]] = {}
        self.callbacks: dict[str, CallbackQuery] = {}
        self.files: dict[str, StoredFile] = {}
        self.settings: dict[str, Json] = {}

    async def load(self) -> None:
        """Read the last run's state; leaves an empty world where there was none."""
        records = await self.store.load()
        pending: list[Update] = []
        for _, record in records:
            self._place(record, pending)
        known = self.settings.get("updates", {})
        pending.sort(key=lambda update: update.id)
        self.updates.restore(pending, known.get("last_id", 0), known.get("allowed", ()))

    def add_person(self, person: Person) -> None:
        """Make a person known, with an empty private chat."""
        self.people[person.id] = person
        self.store.put("person", str(person.id), person)
        self.hub.publish({"type": "people"})
        if person.id not in self.chats:
            self.put_chat(Chat(person.id, "private", person.name, (person.id,)))

    def put_chat(self, chat: Chat) -> None:
        """Add or replace a chat."""
        self.chats[chat.id] = chat
        self.history.setdefault(chat.id, {})
        self.store.put("chat", str(chat.id), chat)
        self.hub.publish({"type": "chat", "chat_id": chat.id, "chat": self.chat_view(chat)})

    def add_message(self, message: Message) -> Message:
        """Append a message; its id becomes the chat's next one."""
        chat = self.chats[message.chat_id]
        message = replace(message, message_id=chat.last_message_id + 1)
        self.chats[chat.id] = chat = replace(chat, last_message_id=message.message_id, started=True)
        self.store.put("chat", str(chat.id), chat)
        self._keep(message)
        self._drop_oldest(chat.id)
        return message

    def change_message(self, message: Message) -> None:
        """Replace a message that is there."""
        self._keep(message)

    def delete_message(self, chat_id: int, message_id: int) -> None:
        """Remove a message and its file."""
        message = self.history[chat_id].pop(message_id)
        self.store.put("message", f"{chat_id}/{message_id}", None)
        if message.media is not None and message.media.file_id in self.files:
            del self.files[message.media.file_id]
            self.store.put("file", message.media.file_id, None)
        self.hub.publish({"type": "deleted", "chat_id": chat_id, "message_id": message_id})

    def message(self, chat_id: int, message_id: int) -> Message | None:
        """A message, or None."""
        return self.history.get(chat_id, {}).get(message_id)

    def add_file(self, name: str, mime: str, content: bytes, folder: str) -> StoredFile:
        """Keep the bytes of an upload."""
        file_id = self.new_id()
        suffix = name.rpartition(".")[2] if "." in name else "bin"
        safe_suffix = "".join(char for char in suffix if char.isascii() and char.isalnum()) or "bin"
        stored = StoredFile(file_id, f"{folder}/file_{file_id}.{safe_suffix}", name, mime, content)
        self.files[file_id] = stored
        self.store.put("file", file_id, stored)
        return stored

    def add_callback(self, callback: CallbackQuery) -> None:
        """Remember a pressed button until it is answered."""
        self.callbacks[callback.id] = callback
        self.store.put("callback", callback.id, callback)

    def drop_callback(self, callback_id: str) -> None:
        """The button was answered, or waited too long."""
        if self.callbacks.pop(callback_id, None) is not None:
            self.store.put("callback", callback_id, None)

    def put_setting(self, name: str, value: Json) -> None:
        """Keep something about the bot itself: commands, names, the webhook."""
        self.settings[name] = {"name": name, **value}
        self.store.put("setting", name, self.settings[name])
        self.hub.publish({"type": "profile"})

    def show_action(self, chat_id: int, action: str) -> None:
        """Show "typing…" and its like for 5 s."""
        event: Json = {"type": "action", "chat_id": chat_id, "action": action}
        self.hub.publish(event | {"seconds": TYPING_SECONDS})

    def show_draft(self, chat_id: int, draft_id: int, text: str, entities: Iterable[Json]) -> None:
        """Show a message that is still being written, for 30 s."""
        event: Json = {"type": "draft", "chat_id": chat_id, "draft_id": draft_id, "text": text}
        self.hub.publish(event | {"entities": list(entities), "seconds": DRAFT_SECONDS})

    def now(self) -> int:
        """Unix time in whole seconds, as messages are dated."""
        return int(self.clock.wall())

    def sender(self, sender_id: int) -> Json:
        """The Bot API's `User` for an id."""
        if sender_id == self.bot.id:
            return self.bot.user()
        return self.people[sender_id].user()

    def message_body(self, message: Message, *, with_reply: bool = True) -> Json:
        """The Bot API's `Message`."""
        body: Json = {
            "message_id": message.message_id,
            "from": self.sender(message.sender_id),
            "chat": self.chats[message.chat_id].short(),
            "date": message.date,
        }
        if message.edit_date is not None:
            body["edit_date"] = message.edit_date
        text_field = "text"
        if message.media is not None:
            body |= message.media.fields()
            text_field = "caption"
        if message.text:
            body[text_field] = message.text
        if message.entities:
            body["entities" if text_field == "text" else "caption_entities"] = message.entities
        if message.markup:
            body["reply_markup"] = message.markup
        if with_reply and message.reply_to is not None:
            target = self.message(message.chat_id, message.reply_to)
            if target is not None:
                body["reply_to_message"] = self.message_body(target, with_reply=False)
        return body

    def message_view(self, message: Message) -> Json:
        """What the page shows: the Bot API's `Message` and the bot's reaction."""
        body = self.message_body(message)
        if message.reaction:
            body["reaction"] = message.reaction
        return body

    def chat_view(self, chat: Chat) -> Json:
        """What the page shows of a chat in its list."""
        view: Json = chat.short()
        return view | {
            "members": list(chat.members),
            "started": chat.started,
            "blocked": chat.blocked,
        }

    def _keep(self, message: Message) -> None:
        self.history[message.chat_id][message.message_id] = message
        self.store.put("message", f"{message.chat_id}/{message.message_id}", message)
        view = self.message_view(message)
        self.hub.publish({"type": "message", "chat_id": message.chat_id, "message": view})

    def _drop_oldest(self, chat_id: int) -> None:
        messages = self.history[chat_id]
        while len(messages) > MESSAGES_PER_CHAT:
            self.delete_message(chat_id, next(iter(messages)))

    def _place(self, record: Record, pending: list[Update]) -> None:
        match record:
            case Person():
                self.people[record.id] = record
            case Chat():
                self.chats[record.id] = record
                self.history.setdefault(record.id, {})
            case Message():
                self.history.setdefault(record.chat_id, {})[record.message_id] = record
            case Update():
                pending.append(record)
            case CallbackQuery():
                self.callbacks[record.id] = record
            case StoredFile():
                self.files[record.file_id] = record
            case _:
                self.settings[record["name"]] = record
