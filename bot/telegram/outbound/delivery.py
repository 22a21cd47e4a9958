"""What the outbox asks of Telegram, and what Telegram's refusals mean.

    OutboxError
    ├── Unreachable      the person blocked the bot or is gone; nothing sent to this chat arrives
    └── Undeliverable    this operation was refused, another try will not help
        ├── Expired      ... or nothing came of it within its time
        └── Closed       ... or the outbox is closing

No error carries what was to be sent.
"""

from __future__ import annotations

from datetime import timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING, Protocol

import httpx
from telegram import LinkPreviewOptions, ReplyParameters
from telegram.constants import ChatAction
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    RetryAfter,
    TelegramError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telegram import InlineKeyboardMarkup, Message, MessageEntity

    from bot.telegram.outbound.operation import Operation
    from bot.telegram.outbound.rendering import Rendered

_NO_LINK_PREVIEW = LinkPreviewOptions(is_disabled=True)


class OutboxError(Exception):
    """Something did not reach the chat it was for."""


class Unreachable(OutboxError):
    """The person blocked the bot or is gone; the chat is shut until `Outbox.reachable`."""


class Undeliverable(OutboxError):
    """Telegram refused this one operation; the message is Telegram's reason."""


class Expired(Undeliverable):
    """The operation did not succeed within its time."""


class Closed(Undeliverable):
    """The outbox is closing and takes no more."""


class SendApi(Protocol):
    """The part of `telegram.Bot` that sends."""

    async def send_message(
        self,
        chat_id: int,
        text: str,
        *,
        entities: Sequence[MessageEntity] | None,
        reply_markup: InlineKeyboardMarkup | None,
        reply_parameters: ReplyParameters | None,
        link_preview_options: LinkPreviewOptions,
        message_thread_id: int | None,
    ) -> Message:
        """See https://core.telegram.org/bots/api#sendmessage."""
        ...

    async def edit_message_text(
        self,
        text: str,
        chat_id: int,
        message_id: int,
        *,
        entities: Sequence[MessageEntity] | None,
        reply_markup: InlineKeyboardMarkup | None,
        link_preview_options: LinkPreviewOptions,
    ) -> Message | bool:
        """See https://core.telegram.org/bots/api#editmessagetext."""
        ...

    async def edit_message_reply_markup(
        self, chat_id: int, message_id: int, *, reply_markup: InlineKeyboardMarkup | None
    ) -> Message | bool:
        """See https://core.telegram.org/bots/api#editmessagereplymarkup."""
        ...

    async def send_document(
        self,
        chat_id: int,
        document: bytes,
        caption: str | None,
        *,
        caption_entities: Sequence[MessageEntity] | None,
        reply_markup: InlineKeyboardMarkup | None,
        filename: str,
        message_thread_id: int | None,
    ) -> Message:
        """See https://core.telegram.org/bots/api#senddocument."""
        ...

    async def send_chat_action(
        self, chat_id: int, action: str, *, message_thread_id: int | None
    ) -> bool:
        """See https://core.telegram.org/bots/api#sendchataction."""
        ...

    async def answer_callback_query(
        self, callback_query_id: str, text: str | None, *, show_alert: bool
    ) -> bool:
        """See https://core.telegram.org/bots/api#answercallbackquery."""
        ...


async def call(bot: SendApi, chat_id: int, operation: Operation, content: Rendered | None) -> int:
    """Do `operation` and return the id of its message.

    Raises:
        TelegramError: see `failure_of`.
    """
    text = content.text if content else ""
    entities = content.entities or None if content and not operation.as_plain_text else None
    keyboard = operation.keyboard
    match operation.kind:
        case "send":
            message = await bot.send_message(
                chat_id,
                text,
                entities=entities,
                reply_markup=keyboard,
                reply_parameters=_reply(operation.reply_to) if operation.reply_to else None,
                link_preview_options=_NO_LINK_PREVIEW,
                message_thread_id=operation.thread_id,
            )
            return message.message_id
        case "document":
            message = await bot.send_document(
                chat_id,
                operation.document,
                text or None,
                caption_entities=entities,
                reply_markup=keyboard,
                filename=operation.filename,
                message_thread_id=operation.thread_id,
            )
            return message.message_id
        case "edit":
            await bot.edit_message_text(
                text,
                chat_id,
                operation.message_id,
                entities=entities,
                reply_markup=keyboard,
                link_preview_options=_NO_LINK_PREVIEW,
            )
        case "keyboard":
            await bot.edit_message_reply_markup(
                chat_id, operation.message_id, reply_markup=keyboard
            )
        case "typing":
            await bot.send_chat_action(
                chat_id, ChatAction.TYPING, message_thread_id=operation.thread_id
            )
    return operation.message_id


def _reply(message_id: int) -> ReplyParameters:
    # The person may have deleted the message meanwhile; the answer goes out all the same. In the
    # topics of a forum Telegram refuses it even so, see `SendFailure.REPLY_GONE`.
    return ReplyParameters(message_id, allow_sending_without_reply=True)


class SendFailure(Enum):
    """What a failed call means for the operation."""

    UNCHANGED = auto()
    """It shows this already: success."""
    UNREACHABLE = auto()
    FLOOD = auto()
    MESSAGE_GONE = auto()
    ENTITIES_REFUSED = auto()
    REPLY_GONE = auto()
    """The message it answers was deleted."""
    TOPIC_GONE = auto()
    """The topic it is for was closed or deleted."""
    REFUSED = auto()
    UNSENT = auto()
    """It never left this machine: worth another try."""
    UNCERTAIN = auto()
    """It may or may not have had its effect: worth another try."""


_PHRASES = (
    ("message is not modified", SendFailure.UNCHANGED),
    ("message to edit not found", SendFailure.MESSAGE_GONE),
    ("message can't be edited", SendFailure.MESSAGE_GONE),
    ("replied not found", SendFailure.REPLY_GONE),
    ("reply message not found", SendFailure.REPLY_GONE),
    ("reply_message_id_invalid", SendFailure.REPLY_GONE),
    ("thread not found", SendFailure.TOPIC_GONE),
    ("topic_closed", SendFailure.TOPIC_GONE),
    ("topic_deleted", SendFailure.TOPIC_GONE),
    ("message_id_invalid", SendFailure.MESSAGE_GONE),
    ("entit", SendFailure.ENTITIES_REFUSED),
)
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


def failure_of(error: TelegramError) -> SendFailure:
    """What `error` means; python-telegram-bot's tree does not tell all of it apart."""
    if isinstance(error, RetryAfter):
        return SendFailure.FLOOD
    if isinstance(error, Forbidden):
        return SendFailure.UNREACHABLE
    if isinstance(error, BadRequest):
        reason = error.message.lower()
        return next((found for phrase, found in _PHRASES if phrase in reason), SendFailure.REFUSED)
    if isinstance(error, (InvalidToken, ChatMigrated, Conflict)):
        return SendFailure.REFUSED
    return SendFailure.UNSENT if isinstance(error.__cause__, _NEVER_SENT) else SendFailure.UNCERTAIN


def reason(error: TelegramError) -> str:
    """Telegram's sentence, or the error's type where the sentence could quote what was sent."""
    if error.__cause__ is not None:  # the library then puts the raw response into the message
        return type(error).__name__
    return f"{type(error).__name__}: {error.message[:120]}"


def retry_after(error: RetryAfter) -> float:
    """Seconds that Telegram wants this chat left alone."""
    wanted = error.retry_after
    return wanted.total_seconds() if isinstance(wanted, timedelta) else float(wanted)
