"""The address Telegram calls: answers 200 only after the update is stored."""

from __future__ import annotations

import hmac
import json
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import structlog
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Route

from bot.storage import StorageError
from bot.telegram.inbound.intake import IntakeClosed, is_id

if TYPE_CHECKING:
    from starlette.requests import Request

    from bot.telegram.inbound.intake import Intake

log = structlog.get_logger(__name__)

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - a header's name
LARGEST_BODY = 1 << 20


def webhook_route(webhook_url: str, secret: str, intake: Intake) -> Route:
    """The route for the path of `webhook_url`.

    Answers 401 without the secret, 413 and 400 for what is no update, 503 while it cannot be
    stored: Telegram then sends it again.
    """

    async def receive(request: Request) -> Response:
        given = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode(), secret.encode()):
            return Response(status_code=401)
        body = bytearray()
        try:
            async for chunk in request.stream():
                body += chunk
                if len(body) > LARGEST_BODY:
                    return Response(status_code=413)
        except ClientDisconnect:  # gone, or cut off with half a body
            return Response(status_code=400)
        try:
            update = json.loads(body)
        except (ValueError, RecursionError):
            update = None
        if not isinstance(update, dict) or not is_id(update.get("update_id")):
            return Response(status_code=400)
        try:
            await intake.keep([update])
        except (StorageError, IntakeClosed) as error:
            log.warning("webhook_not_stored", error=type(error).__name__)
            return Response(status_code=503)
        return Response(status_code=200)

    # The server decodes %XX before a route is looked for.
    path = unquote(urlsplit(webhook_url).path) or "/"
    return Route(path, receive, methods=["POST"])
