"""Logs: one event a line, with ids and never with chat text."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import structlog

from bot.errors import places
from bot.ops.incidents import FAULTS

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from typing import Any

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


def configure_logging(level: str, style: str) -> None:
    """Send structlog's and the libraries' events to standard error.

    Args:
        level: debug, info, warning or error.
        style: console (for people) or json (one object a line).
    """
    shared: list[structlog.typing.Processor] = [
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
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
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
