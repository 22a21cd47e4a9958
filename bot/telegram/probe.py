"""One look at Telegram from outside of a running bot: who it is, who it reaches."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from telegram.constants import ChatMemberStatus
from telegram.error import InvalidToken, TelegramError

from bot.telegram.client import Client, way_to
from bot.telegram.outbound.failures import is_said_by_telegram, reason

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from bot.telegram.client import Connection


@dataclass(frozen=True, slots=True)
class ProbedWebhook:
    """Where Telegram delivers; an empty `url`: the bot polls."""

    url: str
    pending: int
    failed_at: datetime | None
    failure: str


@dataclass(frozen=True, slots=True)
class Probed:
    """What Telegram said. `way`: how it was reached."""

    way: str
    name: str = ""
    failure: str = ""
    """Why it did not say who the bot is; empty: it did."""
    is_token_unknown: bool = False
    webhook: ProbedWebhook | None = None
    unreached: dict[int, str] = field(default_factory=dict)
    """Chats that the bot cannot write to, and why."""


async def probe(connection: Connection, chat_ids: Collection[int]) -> Probed:
    """Ask Telegram, changing nothing; never raises what Telegram answers."""
    client = Client(connection)
    way = way_to(connection)
    try:
        await client.initialize()
    except TelegramError as error:
        await client.shutdown()
        unknown = isinstance(error, InvalidToken) and is_said_by_telegram(error)
        return Probed(way, failure=type(error).__name__, is_token_unknown=unknown)
    try:
        webhook = await _webhook(client)
        unreached = {}
        for chat_id in chat_ids:
            if found := await _why_not(client, chat_id):
                unreached[chat_id] = found
    finally:
        await client.shutdown()
    return Probed(way, client.username, webhook=webhook, unreached=unreached)


async def _webhook(client: Client) -> ProbedWebhook | None:
    try:
        info = await client.get_webhook_info()
    except TelegramError:
        return None
    return ProbedWebhook(
        info.url,
        info.pending_update_count,
        info.last_error_date,
        (info.last_error_message or "")[:200],
    )


async def _why_not(client: Client, chat_id: int) -> str:
    """Why the bot cannot write in a chat; empty if it can, as far as Telegram says."""
    try:
        chat = await client.get_chat(chat_id)
        if chat.type in (chat.PRIVATE, chat.CHANNEL):
            return ""
        member = await client.get_chat_member(chat_id, client.id)
    except TelegramError as error:
        return reason(error)
    gone = (ChatMemberStatus.LEFT, ChatMemberStatus.BANNED)
    return "the bot is not in this group" if member.status in gone else ""
