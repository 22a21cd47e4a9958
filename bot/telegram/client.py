"""python-telegram-bot's client, and how the bot gets to know Telegram at start."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urlsplit

import httpx
import structlog
from telegram import Bot
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    RetryAfter,
    TelegramError,
)
from telegram.request import HTTPXRequest

from bot.errors import StartupError
from bot.telegram.outbound.failures import is_said_by_telegram, retry_after

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

log = structlog.get_logger(__name__)

CONNECTIONS = 128
CALL_TIMEOUT = 10.0
START_TRIES = 5
_DECIDED = (BadRequest, Forbidden, Conflict, ChatMigrated)
MAX_RETRY_AFTER = 60.0
"""Seconds that a start waits for a flood to pass; then it ends and says so."""

T = TypeVar("T")

RawUpdate = dict[str, Any]
"""An update as Telegram sent it; it becomes a `telegram.Update` where it is handled."""


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach Telegram, and how Telegram reaches the bot."""

    token: str
    api_url: str
    webhook_url: str | None = None
    """Where Telegram sends updates; None: they are asked for (polling)."""
    webhook_secret: str = ""
    takes_over: bool = False
    """Whether a webhook that another address has is to be replaced."""
    proxy: str | None = None
    """What Telegram is reached through; None: directly, whatever the environment says."""


class _Requests(HTTPXRequest):
    """Requests that take for Telegram's answer only what has its form.

    A proxy or gateway on the way answers in HTML or in a JSON of its own. The error of what does
    not have the form has a cause, by which `is_said_by_telegram` knows it. The library would log
    such a body, in which words of a person can stand.
    """

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        try:
            body = json.loads(payload.decode("utf-8", "replace"))
        except ValueError:
            body = None
        if not isinstance(body, dict) or "ok" not in body:
            raise TelegramError("the answer is not Telegram's")
        return body


class Client(Bot):
    """The Bot API, with updates as they came."""

    def __init__(self, connection: Connection) -> None:
        # The environment's proxies are read by `proxies`; httpx would take them for this machine
        # too. What it reads besides, SSL_CERT_FILE and SSL_CERT_DIR, stays.
        http = {"trust_env": False, "verify": httpx.create_ssl_context()}
        super().__init__(
            connection.token,
            base_url=f"{connection.api_url}/bot",
            base_file_url=f"{connection.api_url}/file/bot",
            request=_Requests(
                connection_pool_size=CONNECTIONS,
                pool_timeout=CALL_TIMEOUT,
                read_timeout=CALL_TIMEOUT,
                proxy=connection.proxy,
                httpx_kwargs=http,
            ),
            get_updates_request=_Requests(
                connection_pool_size=1,
                read_timeout=CALL_TIMEOUT,
                proxy=connection.proxy,
                httpx_kwargs=http,
            ),
        )

    async def raw_updates(
        self,
        offset: int | None,
        seconds: int,
        allowed: Sequence[str],
    ) -> list[RawUpdate]:
        """Wait up to `seconds` for updates and return them unread.

        `Bot.get_updates` reads all of them at once: one that it cannot read costs every other,
        and is written to the log with its text.
        """
        found = await self._post(
            "getUpdates",
            {"offset": offset, "timeout": seconds, "allowed_updates": allowed},
            read_timeout=seconds + CALL_TIMEOUT,
        )
        return cast("list[RawUpdate]", found)


async def connect(connection: Connection) -> Client:
    """A client that Telegram has greeted by its name.

    Raises:
        StartupError: the token is wrong, or Telegram cannot be reached.
    """
    client = Client(connection)
    try:
        await call_at_start(client.initialize)
    except TelegramError as error:
        await client.shutdown()
        if isinstance(error, InvalidToken) and is_said_by_telegram(error):
            raise StartupError(
                "Telegram does not know TELEGRAM_BOT_TOKEN; "
                "copy it again from @BotFather (/mybots, API Token)."
            ) from None
        raise StartupError(
            f"Cannot reach Telegram at {connection.api_url} ({type(error).__name__}), "
            f"{way_to(connection)}; check the network, the proxy (TELEGRAM_PROXY, or "
            "HTTPS_PROXY) and TELEGRAM_API_URL."
        ) from None
    return client


async def call_at_start(
    call: Callable[[], Awaitable[T]], sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> T:
    """Make a call of the start again until Telegram answers it, a few times.

    One that fails once is no reason to end or to stay deaf. What another try cannot help is raised
    at once; that the token is unknown, when Telegram has said so twice.

    Raises:
        TelegramError: it was refused, or not answered after `START_TRIES` tries.
    """
    pause = 0.25
    unknown = 0
    for _ in range(START_TRIES - 1):
        try:
            return await call()
        except TelegramError as error:
            if is_said_by_telegram(error):
                unknown += isinstance(error, InvalidToken)
                if isinstance(error, _DECIDED) or unknown >= 2:
                    raise
            wait = max(pause, retry_after(error)) if isinstance(error, RetryAfter) else pause
            if wait > MAX_RETRY_AFTER:
                raise
            log.warning("telegram_unreachable", error=type(error).__name__, next_try_in=wait)
        await sleep(wait)
        pause *= 2
    return await call()


def way_to(connection: Connection) -> str:
    """How Telegram was tried; a proxy's name and password are nobody's to read."""
    if connection.proxy is None:
        return "directly"
    parts = urlsplit(connection.proxy)
    return f"through the proxy {parts.hostname}:{parts.port or 'default port'}"
