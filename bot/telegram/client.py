"""python-telegram-bot's client, and how the bot gets to know Telegram at start."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import structlog
from telegram import Bot
from telegram.error import InvalidToken, TelegramError
from telegram.request import HTTPXRequest

from bot.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Sequence

log = structlog.get_logger(__name__)

CONNECTIONS = 128
PATIENCE = 10.0
START_TRIES = 5

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


class Client(Bot):
    """The Bot API, with updates as they came."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(
            connection.token,
            base_url=f"{connection.api_url}/bot",
            base_file_url=f"{connection.api_url}/file/bot",
            request=HTTPXRequest(
                connection_pool_size=CONNECTIONS, pool_timeout=PATIENCE, read_timeout=PATIENCE
            ),
            get_updates_request=HTTPXRequest(connection_pool_size=1, read_timeout=PATIENCE),
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
            read_timeout=seconds + PATIENCE,
        )
        return cast("list[RawUpdate]", found)


async def connect(connection: Connection) -> Client:
    """A client that Telegram has greeted by its name.

    Raises:
        StartupError: the token is wrong, or Telegram cannot be reached.
    """
    client = Client(connection)
    pause = 0.25
    for attempt in range(1, START_TRIES + 1):
        try:
            await client.initialize()
        except InvalidToken:
            await client.shutdown()
            raise StartupError(
                "Telegram does not know TELEGRAM_BOT_TOKEN; "
                "copy it again from @BotFather (/mybots, API Token)."
            ) from None
        except TelegramError as error:
            if attempt == START_TRIES:
                await client.shutdown()
                raise StartupError(
                    f"Cannot reach Telegram at {connection.api_url} ({type(error).__name__}); "
                    "check the network, a proxy (HTTPS_PROXY) and TELEGRAM_API_URL."
                ) from None
            log.warning("telegram_unreachable", next_try_in=pause)
            await asyncio.sleep(pause)
            pause *= 2
        else:
            break
    return client
