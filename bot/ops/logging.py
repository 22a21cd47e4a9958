"""Logs: one event a line, never with chat text; whose it is, is told by a keyed hash.

The hash of a person (and of their private chat, which has the same id) is the same in every replica
of a bot, because the key is made of its token. `python -m bot why` prints it for an id, so that an
operator finds the lines of who calls, and nobody finds a person from a line.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import secrets
import sys
from logging.handlers import WatchedFileHandler
from typing import TYPE_CHECKING, Final

import structlog

from bot.errors import StartupError, places
from bot.ops.incidents import FAULTS

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from io import TextIOWrapper
    from pathlib import Path
    from typing import Any

HASHED: Final = ("chat", "chat_id", "new_chat_id", "user")
"""The keys of events whose values are ids of people and chats."""
_HASH_LENGTH: Final = 12

# These write whole addresses (a bot token is part of Telegram's), prompts or statements when
# they are asked to be talkative; whatever LOG_LEVEL says, they are not asked.
QUIET = (
    "httpx",
    "httpx2",
    "httpcore",
    "httpcore2",
    "telegram",
    "uvicorn",
    "sqlalchemy",
    "alembic",
    "asyncio",
)

# This one quotes what it cannot parse, message texts included, at every level it has. What it
# has to say comes as exceptions, which are logged here by type and place.
SILENT = ("telegram",)


class IdHash:
    """Turns ids of people and chats into words of twelve letters that nobody can turn back."""

    def __init__(self, secret: str) -> None:
        """`secret`: what the key is made of; empty: a key of this process alone."""
        secret = secret or secrets.token_hex()
        self._key = hashlib.sha256(b"shudong log ids" + secret.encode()).digest()

    def __call__(self, number: object) -> str:
        """The hash of an id."""
        made = hmac.digest(self._key, str(number).encode(), "sha256")
        return made.hex()[:_HASH_LENGTH]

    def in_event(
        self, _logger: object, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """Put hashes in place of the ids in an event."""
        for key in HASHED:
            if (number := event.get(key)) is not None:
                event[key] = self(number)
        return event


def configure_logging(
    level: str, style: str, *, secret: str = "", file: Path | None = None
) -> None:
    """Send structlog's and the libraries' events to standard error, or to a file.

    Args:
        level: debug, info, warning or error.
        style: console (for people) or json (one object a line).
        secret: what ids are hashed with.
        file: is written to instead of standard error; one that is moved away by a rotation is
            made anew at the next event.

    Raises:
        StartupError: the file cannot be written.
    """
    shared: list[structlog.typing.Processor] = [
        IdHash(secret).in_event,
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _name_the_exception,
        FAULTS,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if style == "json"
        else structlog.dev.ConsoleRenderer(colors=file is None and sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr) if file is None else _log_file(file)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in SILENT:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


class _PrivateLogFile(WatchedFileHandler):
    """A file that only its user reads, made anew where a rotation has moved it away."""

    def _open(self) -> TextIOWrapper:
        def private(path: str, flags: int) -> int:
            return os.open(path, flags, 0o600)

        # pathlib's own `open` takes no opener.
        return open(self.baseFilename, "a", encoding=self.encoding, opener=private)


def _log_file(path: Path) -> logging.Handler:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _PrivateLogFile(path, encoding="utf-8")
    except OSError as error:
        raise StartupError(
            f"LOG_FILE {path} cannot be written ({error.strerror}); name another, or none."
        ) from None


def _name_the_exception(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Put an exception's type and place into the event instead of its message and locals.

    Messages of foreign exceptions quote what they could not handle: a statement with its
    parameters, a request with its body. The place is enough to find the fault.
    """
    info = event.pop("exc_info", None)
    if not info:
        return event
    error = info[1] if isinstance(info, tuple) else info
    if not isinstance(error, BaseException):
        error = sys.exc_info()[1]
    if error is None:
        return event
    event["error"] = type(error).__qualname__
    event["where"] = places(error)
    return event
