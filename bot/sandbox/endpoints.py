"""Small things that the two halves of the control API share."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.sandbox.errors import ActError

if TYPE_CHECKING:
    from bot.sandbox.model import Json

# HTTP method, path below /sandbox, handler.
Endpoint: TypeAlias = tuple[str, str, Callable[[Request], Awaitable[Response]]]


def routes_of(endpoints: list[Endpoint]) -> list[Route]:
    """Routes under `/sandbox` whose callers get one sentence for what they did wrong."""
    return [
        Route(f"/sandbox{path}", _polite(handler), methods=[method])
        for method, path, handler in endpoints
    ]


async def body_of(request: Request) -> Json:
    """The JSON object of a request; {} where there is none."""
    body = json.loads(await request.body() or b"{}")
    if not isinstance(body, dict):
        raise ActError("Send a JSON object.")
    return body


def _polite(
    endpoint: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    """Turn what a caller did wrong into 400 with one sentence."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except (ActError, ValueError, TypeError) as error:
            return JSONResponse({"error": str(error)}, 400)

    return answer
