"""What people do in their Telegram apps: write, edit, press, block; the bot hears of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.sandbox.errors import ActError
from bot.sandbox.model import CallbackQuery, Chat, Media, Message, Person
from bot.sandbox.text import CAPTION_LIMIT, MESSAGE_LIMIT, merge_found, split_text, utf16_len

if TYPE_CHECKING:
    from bot.sandbox.model import Json, MediaKind
    from bot.sandbox.world import World

_FIRST_PERSON_ID = 1001
_FIRST_GROUP_ID = -1_001_000_000_001
_EDITABLE_SECONDS = 48 * 3600

ADMIN_ID = 9001
SEED_PEOPLE = (
    Person(1001, "小林", "zh-hans"),
    Person(1002, "雅婷", "zh-hant"),
    Person(1003, "Alex", "en"),
    Person(ADMIN_ID, "管理员", "zh-hans", is_admin=True),
)
SEED_GROUP = "夜谈小组"


class People:
    """Acts on behalf of people. Every act returns what it made and queues the bot's update."""

    def __init__(self, world: World) -> None:
        self._world = world

    def seed(self) -> None:
        """Four people and one group, where the world is still empty."""
        if self._world.people:
            return
        for person in SEED_PEOPLE:
            self._world.add_person(person)
        members = tuple(person.id for person in SEED_PEOPLE)
        self._world.put_chat(Chat(_FIRST_GROUP_ID, "supergroup", SEED_GROUP, members))

    def add(
        self, name: str, language: str, *, is_admin: bool = False, person_id: int | None = None
    ) -> Person:
        """A new person, in every group that is there."""
        name = name.strip()
        if not name or utf16_len(name) > 64:
            raise ActError("A name has 1 to 64 characters.")
        world = self._world
        taken = [known for known in world.people if known < ADMIN_ID]
        chosen = person_id or max([*taken, _FIRST_PERSON_ID - 1]) + 1
        while chosen in world.people and person_id is None:
            chosen += 1
        if chosen in world.people or chosen <= 0:
            raise ActError(f"The id {chosen} is taken.")
        person = Person(chosen, name, language or "zh-hans", is_admin)
        world.add_person(person)
        for chat in [chat for chat in world.chats.values() if chat.kind != "private"]:
            world.put_chat(replace(chat, members=(*chat.members, person.id)))
        return person

    def add_group(self, title: str) -> Chat:
        """A new group of all people and the bot; the bot learns that it was added."""
        world = self._world
        groups = [chat.id for chat in world.chats.values() if chat.kind != "private"]
        chat = Chat(
            min([*groups, _FIRST_GROUP_ID + 1]) - 1, "supergroup", title, tuple(world.people)
        )
        world.put_chat(chat)
        if world.people:
            self._membership(chat, next(iter(world.people)), "left", "member")
        return chat

    def say(
        self, person_id: int, text: str, chat_id: int | None = None, reply_to: int | None = None
    ) -> list[Message]:
        """Send a text; one longer than 4096 UTF-16 units goes out in pieces, as in the apps."""
        chat = self._chat(person_id, chat_id)
        text = text.strip()
        if not text:
            raise ActError("An empty message cannot be sent.")
        pieces = split_text(text, MESSAGE_LIMIT)
        return [self._send(person_id, chat, piece, reply_to=reply_to) for piece in pieces]

    def send_media(
        self, person_id: int, media: Media, chat_id: int | None = None, caption: str = ""
    ) -> Message:
        """Send a photo, voice message, sticker or file whose bytes the world already keeps."""
        chat = self._chat(person_id, chat_id)
        if utf16_len(caption) > CAPTION_LIMIT:
            raise ActError("A caption has at most 1024 characters.")
        return self._send(person_id, chat, caption.strip(), media=media)

    def store_media(self, kind: MediaKind, name: str, mime: str, content: bytes) -> Media:
        """Keep the bytes of an attachment, ready for `send_media`."""
        stored = self._world.add_file(name, mime, content, f"{kind}s")
        return Media(kind, stored.file_id, name, mime, len(content))

    def edit(
        self, person_id: int, message_id: int, text: str, chat_id: int | None = None
    ) -> Message:
        """Change a text of one's own."""
        chat = self._chat(person_id, chat_id)
        before = self._world.message(chat.id, message_id)
        now = self._world.now()
        if before is None or before.sender_id != person_id or before.media is not None:
            raise ActError("Only one's own text can be edited.")
        if now - before.date > _EDITABLE_SECONDS:
            raise ActError("A message can be edited for two days.")
        text = text.strip()
        if not text or utf16_len(text) > MESSAGE_LIMIT:
            raise ActError("A text has 1 to 4096 characters.")
        if text == before.text:
            return before
        after = replace(before, text=text, entities=merge_found(text, []), edit_date=now)
        self._world.change_message(after)
        self._world.updates.add("edited_message", chat.id, self._world.message_body(after))
        return after

    def press(self, person_id: int, message_id: int, data: str, chat_id: int | None = None) -> str:
        """Press an inline button; returns the id that the bot's answer will carry."""
        world = self._world
        chat = self._chat(person_id, chat_id)
        message = world.message(chat.id, message_id)
        rows = message.markup["inline_keyboard"] if message and message.markup else []
        if message is None or not any(
            button.get("callback_data") == data for row in rows for button in row
        ):
            raise ActError("There is no such button.")
        callback = CallbackQuery(world.new_id(), person_id, chat.id, message_id, world.clock.wall())
        world.add_callback(callback)
        payload: Json = {
            "id": callback.id,
            "from": world.sender(person_id),
            "message": world.message_body(message),
            "chat_instance": str(chat.id),
            "data": data,
        }
        if world.updates.add("callback_query", chat.id, payload) is None:
            world.drop_callback(callback.id)
        return callback.id

    def block(self, person_id: int) -> None:
        """Block the bot: it may no longer write to this person."""
        self._set_blocked(person_id, blocked=True)

    def unblock(self, person_id: int) -> None:
        """Allow the bot to write again."""
        self._set_blocked(person_id, blocked=False)

    def _set_blocked(self, person_id: int, *, blocked: bool) -> None:
        chat = self._own_chat(person_id)
        if chat.blocked == blocked:
            return
        chat = replace(chat, blocked=blocked)
        self._world.put_chat(chat)
        before, after = ("member", "kicked") if blocked else ("kicked", "member")
        self._membership(chat, person_id, before, after)

    def _membership(self, chat: Chat, person_id: int, before: str, after: str) -> None:
        bot = self._world.bot.user()
        payload: Json = {
            "chat": chat.short(),
            "from": self._world.sender(person_id),
            "date": self._world.now(),
            "old_chat_member": _member(bot, before),
            "new_chat_member": _member(bot, after),
        }
        self._world.updates.add("my_chat_member", chat.id, payload)

    def _send(
        self,
        person_id: int,
        chat: Chat,
        text: str,
        *,
        reply_to: int | None = None,
        media: Media | None = None,
    ) -> Message:
        world = self._world
        known = reply_to is not None and world.message(chat.id, reply_to) is not None
        message = world.add_message(
            Message(
                chat_id=chat.id,
                message_id=0,
                sender_id=person_id,
                date=world.now(),
                text=text,
                entities=merge_found(text, []),
                media=media,
                reply_to=reply_to if known else None,
            )
        )
        world.updates.add("message", chat.id, world.message_body(message))
        return message

    def _own_chat(self, person_id: int) -> Chat:
        if person_id not in self._world.people:
            raise ActError(f"There is no person {person_id}.")
        return self._world.chats[person_id]

    def _chat(self, person_id: int, chat_id: int | None) -> Chat:
        chat = self._own_chat(person_id)
        if chat_id is not None:
            wanted = self._world.chats.get(chat_id)
            if wanted is None or person_id not in wanted.members:
                raise ActError(f"Person {person_id} is not in the chat {chat_id}.")
            chat = wanted
        if chat.blocked:
            raise ActError("The bot is blocked: unblock it first.")
        return chat


def _member(user: Json, status: str) -> Json:
    member: Json = {"user": user, "status": status}
    return member | {"until_date": 0} if status == "kicked" else member
