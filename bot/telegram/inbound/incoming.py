"""What an update is to the bot: for whom, in which lane, and what was said in it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from telegram import Message, MessageEntity, Update, User
from telegram.constants import ChatType, MessageLimit
from telegram.ext import filters

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from telegram import Bot

    from bot.storage import StoredUpdate

Lane = Literal["chat", "express"]

CALLS_FOR_HELP = frozenset(
    (
        *("求助", "求助电话", "求助電話", "求救", "救命", "救我", "救救我"),
        *("我需要帮助", "我需要幫助", "需要帮助", "需要幫助"),
        *("help", "help me", "i need help", "sos", "hotline"),
    )
)
"""Words that, alone in a message, ask for the hotlines."""

# Clients cut a long text at or shortly before the limit; the next part belongs to it directly.
SPLIT_PART = MessageLimit.MAX_TEXT_LENGTH - 96


@dataclass(frozen=True, slots=True)
class IncomingText:
    """Something a person said to the bot in words, from one update."""

    update_id: int
    chat_id: int
    user_id: int
    message_id: int
    text: str
    language_code: str | None
    received_at: float
    is_edit: bool = False
    with_media: bool = False
    reply_to: int | None = None
    """The message that this one replies to."""


def lane_of(update: Update, me: User) -> Lane | None:
    """The lane an update waits in; None for what is not addressed to the bot.

    Words wait for their turn in the chat's lane. Commands, buttons and everything else pass it:
    /stop has to work while an answer is being made.
    """
    if update.callback_query or update.my_chat_member:
        return "express"
    message = update.message or update.edited_message
    if message is None or message.from_user is None or message.from_user.is_bot:
        return None
    if filters.StatusUpdate.ALL.check_update(update) or not _is_addressed(message, me):
        return None
    if update.edited_message:
        return "chat" if message.text or message.caption else None
    if command_of(message, me) is not None:
        return "express"
    # Only the bot's name, or no words at all, is nothing a model could answer.
    return "chat" if _words_of(message, me) else "express"


def command_of(message: Message, me: User) -> tuple[str, str] | None:
    """The command a message begins with and the text behind it; None for any other message.

    A command addressed to another bot of the group (`/stop@another_bot`) is none. Who writes 求助
    and nothing else asks for the hotlines, as by command.
    """
    if not message.text:
        return None
    if _words_of(message, me).strip(" \t\n。.!！?？~～").lower() in CALLS_FOR_HELP:
        return "help_now", ""
    if not message.entities:
        return None
    first = message.entities[0]
    if first.type != MessageEntity.BOT_COMMAND or first.offset != 0:
        return None
    name, _, addressee = message.text[1 : first.length].partition("@")
    if addressee and addressee.lower() != (me.username or "").lower():
        return None
    return name.lower(), message.text[first.length :].strip()


def asks_for_hotlines(update: Update, me: User) -> bool:
    """Whether a person asks for the hotlines, by command or in plain words."""
    command = command_of(update.message, me) if update.message is not None else None
    return command is not None and command[0] == "help_now"


def read_incoming_text(update: Update, me: User, received_at: float) -> IncomingText | None:
    """The words of an update, commands too; None if nothing but the bot's name is in it."""
    message = update.message or update.edited_message
    if message is None or message.from_user is None:
        return None
    text = _words_of(message, me)
    if not text:
        return None
    return IncomingText(
        update_id=update.update_id,
        chat_id=message.chat.id,
        user_id=message.from_user.id,
        message_id=message.message_id,
        text=text,
        language_code=message.from_user.language_code,
        received_at=received_at,
        is_edit=update.edited_message is not None,
        with_media=message.text is None,
        reply_to=message.reply_to_message.message_id if message.reply_to_message else None,
    )


def read_stored_text(stored: StoredUpdate, bot: Bot, me: User) -> IncomingText | None:
    """The words of an update as it waits in the inbox.

    Raises:
        Exception: of any kind, where its JSON is not what the library expects.
    """
    update = Update.de_json(json.loads(stored.payload), bot)
    return read_incoming_text(update, me, stored.received_at.timestamp())


def take_one_person(said: Sequence[IncomingText]) -> list[IncomingText]:
    """The longest beginning of `said` that one person said: a turn has one speaker."""
    together: list[IncomingText] = []
    for item in said:
        if together and item.user_id != together[0].user_id:
            break
        together.append(item)
    return together


def take_up_to(characters: int, said: Sequence[IncomingText]) -> list[IncomingText]:
    """The longest beginning of `said` that has so many characters at most, and never nothing."""
    together: list[IncomingText] = []
    for item in said:
        characters -= len(item.text)
        if together and characters < 0:
            break
        together.append(item)
    return together


def take_one_message(said: Sequence[IncomingText]) -> list[IncomingText]:
    """The first message of `said` with its edits and the parts that the client had to cut off."""
    together = list(said[:1])
    message_ids = {item.message_id for item in together}
    cut = _is_cut(said[0].text) if said else False
    for item in said[1:]:
        if item.is_edit:
            belongs = item.message_id in message_ids
        else:
            belongs, cut = cut, cut and _is_cut(item.text)
        if belongs:
            together.append(item)
            message_ids.add(item.message_id)
    return together


def join_texts(said: Iterable[IncomingText]) -> str:
    """Join what arrived together into the text of one turn.

    An edit takes the place of the message it changes; an edit of something older, which was
    answered already, adds nothing. Parts of a text that the client had to cut are put together
    without a line break.
    """
    texts: dict[int, str] = {}
    for item in said:
        if not item.is_edit or item.message_id in texts:
            texts[item.message_id] = item.text
    joined = ""
    previous = ""
    for text in texts.values():
        if joined:
            joined += "" if _is_cut(previous) else "\n"
        joined += text
        previous = text
    return joined


def _words_of(message: Message, me: User) -> str:
    """What was said, without the bot's name where a group needs it to speak to the bot."""
    text = message.text or message.caption or ""
    if message.chat.type != ChatType.PRIVATE and me.username:
        text = re.sub(rf"@{re.escape(me.username)}(?![A-Za-z0-9_])", "", text, flags=re.IGNORECASE)
    return text.strip()


def _is_addressed(message: Message, me: User) -> bool:
    """In a group the bot listens only to those who speak to it."""
    if message.chat.type == ChatType.PRIVATE:
        return True
    if message.chat.type not in {ChatType.GROUP, ChatType.SUPERGROUP}:
        return False
    replied = message.reply_to_message
    if replied is not None and replied.from_user is not None and replied.from_user.id == me.id:
        return True
    mention = f"@{me.username}".lower()
    entities = {**message.parse_entities(), **message.parse_caption_entities()}
    for entity, text in entities.items():
        if entity.type == MessageEntity.MENTION and text.lower() == mention:
            return True
        if entity.type == MessageEntity.BOT_COMMAND and text.lower().endswith(mention):
            return True
        if entity.type == MessageEntity.TEXT_MENTION and entity.user and entity.user.id == me.id:
            return True
    return False


def _is_cut(text: str) -> bool:
    """Whether a text is so long that it probably goes on in the next message."""
    return _utf16_length(text) >= SPLIT_PART


def _utf16_length(text: str) -> int:
    return len(text) + sum(1 for character in text if character > "\uffff")
