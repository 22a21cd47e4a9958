"""What an update is to the bot: for whom, in which lane, and what was said in it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from telegram import Message, MessageEntity, Update, User
from telegram.constants import ChatType, MessageLimit
from telegram.ext import filters

from bot.safety.quoted import (
    FORWARDED,
    REPLIED_TO_BOT,
    REPLIED_TO_OTHER,
    REPLIED_TO_SELF,
    quoted,
    without_marks,
)
from bot.telegram.inbound.words import mentions_user, text_in, words_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from telegram import Bot

    from bot.storage import Lane, StoredUpdate

    Phrases = Mapping[str, str]
    """Words that, alone in a message, are a command, and its name."""

log = structlog.get_logger(__name__)

# Clients cut a long text at or shortly before the limit; the next part belongs to it directly.
SPLIT_PART = MessageLimit.MAX_TEXT_LENGTH - 96


_COMMAND = re.compile(r"[/／]([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]+))?(?![A-Za-z0-9_/<>])")
"""A command as people write it: Telegram marks none as such that is formatted as code."""

TELEGRAM_ITSELF = 777000
"""Forwards a channel's posts into its discussion group: no person speaks there."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who speaks: a person, or the group or channel in whose name one speaks."""

    id: int
    language_code: str | None = None


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
    context: str = ""
    """Words of others that it shows, see `bot.safety.quoted`."""
    thread_id: int | None = None
    """The topic of a forum in which it was said."""


def lane_of(update: Update, me: User, phrases: Phrases) -> Lane | None:
    """The lane an update waits in; None for what is not addressed to the bot.

    Words wait for their turn in the chat's lane. Commands, buttons and everything else pass it:
    /stop has to work while an answer is being made.
    """
    if update.callback_query or update.my_chat_member:
        return "express"
    message = update.message or update.edited_message
    if message is None or sender_of(message) is None:
        return None
    if filters.StatusUpdate.ALL.check_update(update) or not _is_addressed(message, me):
        return None
    if update.edited_message:
        return "chat" if _words_of(message, me) else None
    if command_of(message, me, phrases) is not None:
        return "express"
    # Only the bot's name, or no words at all, is nothing a model could answer.
    return "chat" if _words_of(message, me) else "express"


def sender_of(message: Message) -> Sender | None:
    """Who speaks in a message; None for other bots and for Telegram itself.

    An anonymous admin speaks as their group, and others as a channel of theirs: Telegram names a
    bot as the sender then, the same one in every group, which is no person to keep anything about.
    """
    person = message.from_user
    if message.is_automatic_forward or (person is not None and person.id == TELEGRAM_ITSELF):
        return None
    if message.sender_chat is not None:
        return Sender(message.sender_chat.id)
    if person is None or person.is_bot:
        return None
    return Sender(person.id, person.language_code)


def is_forwarded(message: Message) -> bool:
    """Whether a message shows the words of another; one's own are said again."""
    origin = message.forward_origin
    if origin is None:
        return False
    author, person = getattr(origin, "sender_user", None), message.from_user
    return author is None or person is None or author.id != person.id


def _context_of(message: Message, me: User) -> str:
    """What a message replies to, as the model is told it.

    In a group people reply to the bot so that it hears them; what it said last it knows.
    """
    replied, quote = message.reply_to_message, message.quote
    author = replied.from_user if replied is not None else None
    is_private = message.chat.type == ChatType.PRIVATE
    if quote is None and not is_private and author is not None and author.id == me.id:
        return ""
    words = quote.text if quote is not None else words_in(replied) if replied is not None else ""
    if not words.strip():
        return ""
    if author is None:
        return quoted(REPLIED_TO_OTHER, words)
    if author.id == me.id:
        return quoted(REPLIED_TO_BOT, words)
    is_own = message.from_user is not None and author.id == message.from_user.id
    return quoted(REPLIED_TO_SELF if is_own else REPLIED_TO_OTHER, words)


def command_of(message: Message, me: User, phrases: Phrases) -> tuple[str, str] | None:
    """The command a message begins with and the text behind it; None for any other message.

    Formatted or not, in a text or under a picture. A command addressed to another bot of the group
    (`/stop@another_bot`) is none. One of the phrases and nothing else is the command it stands for.
    """
    if is_forwarded(message):
        return None
    words = _words_of(message, me)
    if (called := phrases.get(words.strip(" \t\n。.!！?？~～").lower())) is not None:
        return called, ""
    if (found := _COMMAND.match(words)) is None:
        return None
    name, addressee = found.groups()
    if addressee and addressee.lower() != (me.username or "").lower():
        return None
    return name.lower(), words[found.end() :].strip()


def read_incoming_text(update: Update, me: User, received_at: float) -> IncomingText | None:
    """The words of an update, commands too; None if nothing but the bot's name is in it."""
    message = update.message or update.edited_message
    if message is None or (sender := sender_of(message)) is None:
        return None
    text, context = _words_of(message, me), _context_of(message, me)
    if not text:
        return None
    if is_forwarded(message):
        text, context = "", quoted(FORWARDED, text)
    return IncomingText(
        update_id=update.update_id,
        chat_id=message.chat.id,
        user_id=sender.id,
        message_id=message.message_id,
        text=text,
        language_code=sender.language_code,
        received_at=received_at,
        is_edit=update.edited_message is not None,
        with_media=message.text is None
        and message.sticker is None
        and message.effective_attachment is not None,
        reply_to=message.reply_to_message.message_id if message.reply_to_message else None,
        context=context,
        thread_id=message.message_thread_id if message.is_topic_message else None,
    )


def read_for_danger_of(raw: dict[str, Any]) -> IncomingText | None:
    """All that an update may say, with as little understanding of it as possible.

    None where no person speaks in it, or nothing is in it.
    """
    is_edit = "edited_message" in raw
    message = raw.get("edited_message") if is_edit else raw.get("message")
    if not isinstance(message, dict) or _shows_another(message):
        return None
    if not (text := text_in(message)):
        return None
    chat, person = message.get("chat"), message.get("sender_chat") or message.get("from")
    if not (isinstance(chat, dict) and isinstance(person, dict)):
        return None
    chat_id, user_id, language = chat.get("id"), person.get("id"), person.get("language_code")
    if not (isinstance(chat_id, int) and isinstance(user_id, int)):
        return None
    message_id = message.get("message_id")
    return IncomingText(
        update_id=raw["update_id"],
        chat_id=chat_id,
        user_id=user_id,
        message_id=message_id if isinstance(message_id, int) else 0,
        text=text,
        language_code=language if isinstance(language, str) else None,
        received_at=0.0,
        is_edit=is_edit,
    )


def read_stored_text(stored: StoredUpdate, bot: Bot, me: User) -> IncomingText | None:
    """The words of an update as it waits in the inbox.

    Raises:
        Exception: of any kind, where its JSON is not what the library expects.
    """
    update = Update.de_json(json.loads(stored.payload), bot)
    return read_incoming_text(update, me, stored.received_at.timestamp())


@dataclass(frozen=True, slots=True)
class StoredTexts:
    """What some updates say, as they wait in the inbox; the others by their ids."""

    said: list[IncomingText]
    empty: list[int]
    """Nothing is said in them."""
    unreadable: list[int]
    """They are not what the library expects."""


def read_stored_texts(updates: Iterable[StoredUpdate], bot: Bot, me: User) -> StoredTexts:
    """The words of updates, in their order; one that cannot be read costs no other."""
    found = StoredTexts([], [], [])
    for stored in updates:
        try:
            item = read_stored_text(stored, bot, me)
        except Exception as error:
            log.error("update_broken", update=stored.update_id, error=type(error).__name__)
            found.unreadable.append(stored.update_id)
            continue
        if item is None:
            found.empty.append(stored.update_id)
        else:
            found.said.append(item)
    return found


def take_one_person(said: Sequence[IncomingText]) -> list[IncomingText]:
    """The longest beginning of `said` that one person said in one topic: a turn has one speaker."""
    together: list[IncomingText] = []
    for item in said:
        first = together[0] if together else item
        if (item.user_id, item.thread_id) != (first.user_id, first.thread_id):
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


@dataclass(frozen=True, slots=True)
class JoinedTexts:
    """The text of a turn, and where each of its messages stands in it: id, begin, end."""

    text: str
    spans: tuple[tuple[int, int, int], ...]

    @property
    def stored_spans(self) -> str | None:
        """The spans as they are stored; None where they are too many."""
        written = json.dumps(self.spans, separators=(",", ":"))
        return written if len(written) <= MAX_SPANS else None

    def with_edits(self, edits: Iterable[IncomingText]) -> JoinedTexts:
        """The text with edited messages in the place of what they were."""
        text, spans = self.text, list(self.spans)
        for edit in edits:
            words = edit.context + without_marks(edit.text)
            place = next((n for n, span in enumerate(spans) if span[0] == edit.message_id), None)
            if place is None:
                continue
            _, begin, end = spans[place]
            text = text[:begin] + words + text[end:]
            grown = len(words) - (end - begin)
            spans[place] = (edit.message_id, begin, end + grown)
            spans[place + 1 :] = [(one, a + grown, b + grown) for one, a, b in spans[place + 1 :]]
        return JoinedTexts(text, tuple(spans))


MAX_SPANS = 1024
"""Characters of stored spans; a burst of more messages than that is answered as it was."""


def read_joined(text: str, spans: str | None) -> JoinedTexts:
    """The text of a turn with its spans as they were stored."""
    return JoinedTexts(text, tuple(map(tuple, json.loads(spans or "[]"))))


def join_texts(said: Iterable[IncomingText]) -> str:
    """Join what arrived together into the text of one turn, see `join`."""
    return join(said).text


def join(said: Iterable[IncomingText]) -> JoinedTexts:
    """Join what arrived together into the text of one turn.

    An edit takes the place of the message it changes; an edit of something older, which was
    answered already, adds nothing. Parts of a text that the client had to cut are put together
    without a line break.
    """
    texts: dict[int, str] = {}
    for item in said:
        if not item.is_edit or item.message_id in texts:
            texts[item.message_id] = item.context + without_marks(item.text)
    joined = ""
    previous = ""
    spans = []
    for message_id, text in texts.items():
        if joined:
            joined += "" if _is_cut(previous) else "\n"
        spans.append((message_id, len(joined), len(joined) + len(text)))
        joined += text
        previous = text
    return JoinedTexts(joined, tuple(spans))


def _shows_another(message: dict[str, Any]) -> bool:
    """`is_forwarded`, of a message as Telegram sent it."""
    origin, person = message.get("forward_origin"), message.get("from")
    if not isinstance(origin, dict):
        return False
    author = origin.get("sender_user")
    if not isinstance(author, dict) or not isinstance(person, dict):
        return True
    return author.get("id") != person.get("id")


def _words_of(message: Message, me: User) -> str:
    """What was said, without the bot's name where a group needs it to speak to the bot."""
    text = words_in(message)
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
    # Read from the words: within code and in fields that the library does not know, Telegram's
    # marks are not there or not read.
    name = re.escape(me.username or "")
    named = rf"(?:(?<![A-Za-z0-9_])|(?<![^\s])[/／][A-Za-z0-9_]{{1,32}})@{name}(?![A-Za-z0-9_])"
    if name and re.search(named, words_in(message), flags=re.IGNORECASE):
        return True
    entities = (*message.entities, *message.caption_entities)
    return mentions_user(message, me.id) or any(
        entity.type == MessageEntity.TEXT_MENTION and entity.user and entity.user.id == me.id
        for entity in entities
    )


def _is_cut(text: str) -> bool:
    """Whether a text is so long that it probably goes on in the next message."""
    return _utf16_length(text) >= SPLIT_PART


def _utf16_length(text: str) -> int:
    return len(text) + sum(1 for character in text if character > "\uffff")
