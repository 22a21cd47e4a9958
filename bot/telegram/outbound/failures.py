"""What Telegram's refusals mean, and what the outbox makes of them.

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
from typing import TYPE_CHECKING

import httpx
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    RetryAfter,
)

if TYPE_CHECKING:
    from telegram.error import TelegramError


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
    MUTED = auto()
    """Nobody lets the bot write in this group for now."""
    REFUSED = auto()
    UNSENT = auto()
    """It has surely had no effect: it never left this machine, a proxy refused it, or Telegram does
    not know the token, as it says for minutes in its own troubles. Worth another try."""
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
    ("rights to send", SendFailure.MUTED),
    ("chat_write_forbidden", SendFailure.MUTED),
    ("message_id_invalid", SendFailure.MESSAGE_GONE),
    ("entit", SendFailure.ENTITIES_REFUSED),
)
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


def failure_of(error: TelegramError) -> SendFailure:
    """What `error` means; python-telegram-bot's tree does not tell all of it apart."""
    if isinstance(error, RetryAfter):
        return SendFailure.FLOOD
    if isinstance(error, InvalidToken) or (
        isinstance(error, (Forbidden, BadRequest, Conflict)) and not is_said_by_telegram(error)
    ):
        return SendFailure.UNSENT
    if isinstance(error, Forbidden):
        return SendFailure.UNREACHABLE
    if isinstance(error, BadRequest):
        reason = error.message.lower()
        return next((found for phrase, found in _PHRASES if phrase in reason), SendFailure.REFUSED)
    if isinstance(error, (ChatMigrated, Conflict)):
        return SendFailure.REFUSED
    return SendFailure.UNSENT if isinstance(error.__cause__, _NEVER_SENT) else SendFailure.UNCERTAIN


def is_said_by_telegram(error: TelegramError) -> bool:
    """Whether a refusal is Telegram's own; a proxy's page has the same status and class."""
    cause = error.__cause__
    if isinstance(cause, InvalidToken):  # the library's own word for it, at the start
        cause = cause.__cause__
    return cause is None


def reason(error: TelegramError) -> str:
    """Telegram's sentence, or the error's type where the sentence could quote what was sent."""
    if error.__cause__ is not None:  # the library then puts the raw response into the message
        return type(error).__name__
    return f"{type(error).__name__}: {error.message[:120]}"


def retry_after(error: RetryAfter) -> float:
    """Seconds that Telegram wants this chat left alone."""
    wanted = error.retry_after
    return wanted.total_seconds() if isinstance(wanted, timedelta) else float(wanted)
