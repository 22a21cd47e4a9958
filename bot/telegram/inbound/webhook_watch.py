"""Whether Telegram still sends its updates here: a webhook can be taken by another, and fail."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog
from telegram.error import TelegramError

from bot import metrics
from bot.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from telegram import WebhookInfo

    from bot.telegram.client import Client

log = structlog.get_logger(__name__)

FAILS_FOR: Final = timedelta(minutes=2)
"""A failed delivery that is older does not speak against the webhook: Telegram repeats it within a
minute, and what has arrived since says nothing."""


class WebhookWatch:
    """Asks Telegram once a minute where it delivers, and how that goes."""

    every: Final = 60.0

    def __init__(self, client: Client, url: str, now: Callable[[], datetime]) -> None:
        self._client = client
        self._url = url
        self._now = now
        self._is_ours = True
        self._is_delivered = True

    async def is_ours(self) -> bool:
        """Whether Telegram sends what arrives to our address, as far as it was asked."""
        return self._is_ours

    async def is_delivered(self) -> bool:
        """Whether nothing is held back because deliveries fail."""
        return self._is_delivered

    async def look(self) -> None:
        """Ask once."""
        try:
            info = await self._client.get_webhook_info()
        except TelegramError as error:
            log.info("webhook_unknown", error=type(error).__name__)
            return
        self._show(info)

    def _show(self, info: WebhookInfo) -> None:
        was_ours, self._is_ours = self._is_ours, info.url == self._url
        if was_ours and not self._is_ours:
            log.error(
                "webhook_taken",
                by=host_of(info.url) or "nobody: it was deleted",
                fix="stop what else runs with this token, then start this bot again",
            )
        elif self._is_ours and not was_ours:
            log.info("webhook_ours_again")
        failed_at = info.last_error_date
        fails = failed_at is not None and self._now() - failed_at < FAILS_FOR
        was_delivered = self._is_delivered
        self._is_delivered = not (fails and info.pending_update_count)
        if was_delivered and not self._is_delivered:
            log.error(
                "webhook_fails",
                pending=info.pending_update_count,
                reason=(info.last_error_message or "")[:200],
            )
        metrics.WEBHOOK_OURS.set(self._is_ours)
        metrics.WEBHOOK_PENDING.set(info.pending_update_count)
        metrics.WEBHOOK_ERROR_AT.set(failed_at.timestamp() if failed_at else 0)


async def refuse_takeover(client: Client, ours: str | None) -> None:
    """See that no other address has the bot's webhook.

    Args:
        client: asks Telegram.
        ours: WEBHOOK_URL; None: updates are to be polled.

    Raises:
        StartupError: another installation has it, which is live perhaps.
        TelegramError: Telegram did not say.
    """
    held = (await client.get_webhook_info()).url
    if held and held != ours:
        raise StartupError(
            f"Telegram sends the messages of this bot to {host_of(held)}: another installation "
            "with this TELEGRAM_BOT_TOKEN may be live, and would get none from now on. Use another "
            "token to rehearse; or, if that one is to be replaced, start once with "
            "WEBHOOK_TAKEOVER=on."
        )


def host_of(url: str) -> str:
    """The host of an address, without its path, which may be a secret."""
    return url.partition("://")[2].partition("/")[0].rpartition("@")[2]
