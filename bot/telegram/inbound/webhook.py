"""The address Telegram calls: answers 200 only after the update is stored."""

from __future__ import annotations

import hmac
import json
import time
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import structlog
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Route

from bot import metrics
from bot.storage import StorageError
from bot.telegram.inbound.intake import IntakeClosed, is_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from bot.telegram.inbound.intake import Intake

log = structlog.get_logger(__name__)

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - a header's name
LARGEST_BODY = 1 << 20
SAY_EVERY = 60.0
"""Seconds between two events of one kind that anybody can cause."""


class RefusedSecrets:
    """Says in the log that calls without the secret come, once a minute at most, with how many.

    Telegram itself is refused so where its webhook was set with another secret.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._unsaid = 0
        self._said_at = float("-inf")

    def note(self) -> None:
        """Count one more."""
        self._unsaid += 1
        if (now := self._clock()) - self._said_at >= SAY_EVERY:
            log.warning(
                "webhook_secret_refused",
                calls=self._unsaid,
                fix="if messages stay out, start again: the webhook is set with WEBHOOK_SECRET",
            )
            self._said_at, self._unsaid = now, 0


def webhook_route(
    webhook_url: str, secret: str, intake: Intake, clock: Callable[[], float] = time.monotonic
) -> Route:
    """The route for the path of `webhook_url`.

    Answers 401 without the secret, 413 and 400 for what is no update, 503 while it cannot be
    stored: Telegram then sends it again.
    """
    refusals = RefusedSecrets(clock)

    async def receive(request: Request) -> Response:
        response = await answer(request)
        metrics.WEBHOOK_REQUESTS.labels(response.status_code).inc()
        return response

    async def answer(request: Request) -> Response:
        given = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode(), secret.encode()):
            refusals.note()
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
