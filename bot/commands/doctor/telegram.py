"""Telegram: the token, the way there, the webhook, the chat of the people on duty."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.app import telegram_connection
from bot.commands.doctor.verdict import fail, ok, warn
from bot.errors import StartupError
from bot.storage import utc_now
from bot.telegram.inbound.webhook_watch import host_of
from bot.telegram.probe import probe

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from bot.commands.doctor.verdict import Verdict
    from bot.settings import Settings
    from bot.telegram.probe import Probed, ProbedWebhook


async def look_at_telegram(settings: Settings) -> AsyncIterator[Verdict]:
    """Token, way, webhook, the people on duty."""
    try:
        connection = telegram_connection(settings)
    except StartupError as error:
        yield fail("proxy", str(error), "correct it, or unset it")
        return
    if connection is None:
        yield ok("Telegram", "no TELEGRAM_BOT_TOKEN: a local one is started")
        return
    chats = [] if settings.admin_chat_id is None else [settings.admin_chat_id]
    found = await probe(connection, [*chats, *settings.admin_user_ids])
    if found.is_token_unknown:
        yield fail("token", "Telegram does not know it", "copy it again from @BotFather")
        return
    if found.failure:
        yield fail(
            "Telegram",
            f"cannot be reached {found.way} ({found.failure})",
            "check the network, TELEGRAM_PROXY and TELEGRAM_API_URL",
        )
        return
    yield ok("token", f"is @{found.name}'s, reached {found.way}")
    if found.webhook is not None:
        yield _webhook(found.webhook, settings.webhook_url if connection.webhook_url else None)
    for verdict in _duty(settings, found):
        yield verdict


def _webhook(webhook: ProbedWebhook, ours: str | None) -> Verdict:
    if webhook.url and webhook.url != ours:
        return fail(
            "webhook",
            f"Telegram delivers to {host_of(webhook.url)}",
            "stop what runs there; or start once with WEBHOOK_TAKEOVER=on",
        )
    if ours and not webhook.url:
        return warn("webhook", "is not set", "start the bot, which sets it")
    failed_at = webhook.failed_at
    if failed_at is not None and utc_now() - failed_at < timedelta(minutes=10):
        return fail(
            "webhook",
            f"{webhook.pending} updates wait, Telegram says: {webhook.failure}",
            "see that WEBHOOK_URL leads to HTTP_PORT, with a certificate Telegram trusts",
        )
    return ok("webhook", f"{webhook.pending} updates wait" if ours else "none: the bot polls")


def _duty(settings: Settings, found: Probed) -> Iterator[Verdict]:
    if settings.admin_chat_id is None and settings.oncall_rota is None:
        yield warn("duty chat", "nobody is called for somebody in danger", "set ADMIN_CHAT_ID")
    elif settings.admin_chat_id in found.unreached:
        why = found.unreached[settings.admin_chat_id]
        yield fail("duty chat", why, "add the bot to the group that ADMIN_CHAT_ID names")
    elif settings.admin_chat_id is not None:
        yield ok("duty chat", "the bot can write there")
    missing = [admin for admin in settings.admin_user_ids if admin in found.unreached]
    if missing:
        yield warn(
            "admins",
            f"the bot cannot write to {', '.join(map(str, missing))}",
            "have them send /start to the bot",
        )
    elif not settings.admin_user_ids:
        yield warn("admins", "there are none", "set ADMIN_USER_IDS")
    else:
        yield ok("admins", f"the bot can write to all {len(settings.admin_user_ids)}")
