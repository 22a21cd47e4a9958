"""getUpdates and the webhook methods: the two ways in which a bot hears of things."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.sandbox.errors import ApiError, bad_request
from bot.sandbox.webhook import WebhookConfig

if TYPE_CHECKING:
    from bot.sandbox.methods.context import Api
    from bot.sandbox.model import Json
    from bot.sandbox.params import Params

_MAX_POLL = 50
_WEBHOOK_ACTIVE = (
    "Conflict: can't use getUpdates method while webhook is active; "
    "use deleteWebhook to delete the webhook first"
)
_SECRET = re.compile(r"[A-Za-z0-9_-]*")
_SECRET_LENGTH = 256


async def get_updates(api: Api, params: Params) -> list[Json]:
    """Pending updates from `offset` on; waits up to `timeout` seconds for the first."""
    if api.webhook.config.url:
        raise ApiError(409, _WEBHOOK_ACTIVE)
    _take_allowed(api, params)
    limit = params.integer("limit", 100)
    limit = limit if 1 <= limit <= 100 else 100
    seconds = min(max(params.integer("timeout"), 0), _MAX_POLL)
    updates = await api.world.updates.poll(params.integer("offset"), limit, seconds)
    # An update must not reach the bot before its id is safe from being given away again.
    await api.world.store.flush()
    return [update.body() for update in updates]


async def set_webhook(api: Api, params: Params) -> bool:
    """Deliver to `url`; unlike Telegram's own servers, plain http is fine."""
    url = params.text("url")
    if not url:
        return await delete_webhook(api, params)
    if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
        raise bad_request("invalid webhook URL specified")
    secret = params.text("secret_token")
    if len(secret) > _SECRET_LENGTH:
        raise bad_request("secret token is too long")
    if not _SECRET.fullmatch(secret):
        raise bad_request("secret token contains unallowed characters")
    _take_allowed(api, params)
    if params.boolean("drop_pending_updates"):
        api.world.updates.clear()
    most = min(max(params.integer("max_connections", 40), 1), 100)
    await api.webhook.set(WebhookConfig(url, secret, most))
    return True


async def delete_webhook(api: Api, params: Params) -> bool:
    """Back to polling."""
    if params.boolean("drop_pending_updates"):
        api.world.updates.clear()
    await api.webhook.set(WebhookConfig())
    return True


async def get_webhook_info(api: Api, params: Params) -> Json:  # noqa: ARG001
    """The webhook's address, backlog and last error."""
    return api.webhook.info()


def _take_allowed(api: Api, params: Params) -> None:
    given = params.object("allowed_updates", "can't parse allowed_updates JSON object")
    if isinstance(given, list):
        api.world.updates.allow(str(kind) for kind in given)
