"""The values a Telegram is made of: people, chats, messages, updates, callback queries, files."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

# A JSON object in the Bot API's own shape.
Json: TypeAlias = dict[str, Any]

ChatKind = Literal["private", "supergroup"]
MediaKind = Literal["photo", "document", "voice", "sticker", "video", "video_note", "audio"]


@dataclass(frozen=True, slots=True)
class Clock:
    """Where time comes from: seconds since 1970, and seconds that never go back."""

    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class BotIdentity:
    """Who the bot is: the id is the number before the colon of its token."""

    id: int
    username: str
    name: str

    def user(self) -> Json:
        """The Bot API's `User`."""
        return {
            "id": self.id,
            "is_bot": True,
            "first_name": self.name,
            "username": self.username,
        }


@dataclass(frozen=True, slots=True)
class Person:
    """A person who writes to the bot. `language` is an IETF tag as Telegram's apps report it."""

    id: int
    name: str
    language: str
    is_admin: bool = False

    def user(self) -> Json:
        """The Bot API's `User`."""
        return {
            "id": self.id,
            "is_bot": False,
            "first_name": self.name,
            "language_code": self.language,
        }


@dataclass(frozen=True, slots=True)
class Chat:
    """A private chat (its id is the person's) or a group (its id is negative)."""

    id: int
    kind: ChatKind
    title: str
    members: tuple[int, ...]
    last_message_id: int = 0
    started: bool = False
    blocked: bool = False

    def short(self) -> Json:
        """The Bot API's `Chat`."""
        if self.kind == "private":
            return {"id": self.id, "type": "private", "first_name": self.title}
        return {"id": self.id, "type": self.kind, "title": self.title}


@dataclass(frozen=True, slots=True)
class Media:
    """What a message carries besides text; the bytes lie in a `StoredFile`."""

    kind: MediaKind
    file_id: str
    name: str
    mime: str
    size: int
    emoji: str = ""
    seconds: int = 0
    width: int = 0
    height: int = 0

    def fields(self) -> Json:
        """The part of the Bot API's `Message` that names this file."""
        body: Json = {
            "file_id": self.file_id,
            "file_unique_id": "u" + self.file_id,
            "file_size": self.size,
        }
        if self.kind == "photo":
            return {"photo": [body | {"width": self.width, "height": self.height}]}
        if self.kind == "sticker":
            extra: Json = {
                "type": "regular",
                "width": 512,
                "height": 512,
                "is_animated": False,
                "is_video": False,
                "emoji": self.emoji,
            }
            return {"sticker": body | extra}
        if self.kind == "video_note":
            return {"video_note": body | {"length": 240, "duration": self.seconds}}
        body["mime_type"] = self.mime
        if self.kind in {"voice", "audio", "video"}:
            body["duration"] = self.seconds
        if self.kind == "video":
            body |= {"width": self.width or 640, "height": self.height or 360}
        if self.kind != "voice":
            body["file_name"] = self.name
        return {self.kind: body}


@dataclass(frozen=True, slots=True)
class Message:
    """One bubble. `text` is the caption where there is media; entities are Bot API objects."""

    chat_id: int
    message_id: int
    sender_id: int
    date: int
    text: str = ""
    entities: tuple[Json, ...] = ()
    media: Media | None = None
    markup: Json | None = None
    edit_date: int | None = None
    reply_to: int | None = None
    reaction: str | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """Something the bot has to hear of; `payload` is frozen when it happened."""

    id: int
    kind: str
    chat_id: int
    date: float
    payload: Json

    def body(self) -> Json:
        """The Bot API's `Update`."""
        return {"update_id": self.id, self.kind: self.payload}


@dataclass(frozen=True, slots=True)
class CallbackQuery:
    """A pressed inline button that waits for `answerCallbackQuery`."""

    id: str
    person_id: int
    chat_id: int
    message_id: int
    date: float


@dataclass(frozen=True, slots=True)
class StoredFile:
    """The bytes of an upload; `path` is what `getFile` answers."""

    file_id: str
    path: str
    name: str
    mime: str
    content: bytes
