"""Health and readiness, told as they are.

`/healthz` says the process lives and its loop turns. `/readyz` says whether a message that arrives
now would be kept and answered: 503 when it would not be kept (database or intake down), 200 with
"degraded" when it would be kept but has to wait for an answer (engine down).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot import metrics

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    Probe = Callable[[], Awaitable[bool]]


def health_routes(*, keeping: dict[str, Probe], answering: dict[str, Probe]) -> list[Route]:
    """Routes for orchestrators and load balancers.

    Args:
        keeping: parts without which a message could be lost; each must be up for a 200.
        answering: parts without which a message only waits.
    """

    async def healthz(_request: Request) -> PlainTextResponse:
        return PlainTextResponse("ok")

    async def readyz(_request: Request) -> JSONResponse:
        parts = {name: await probe() for name, probe in (keeping | answering).items()}
        for name, is_well in parts.items():
            metrics.READY.labels(name).set(is_well)
        kept = all(parts[name] for name in keeping)
        status = "ready" if all(parts.values()) else "degraded" if kept else "down"
        return JSONResponse({"status": status, **parts}, status_code=200 if kept else 503)

    return [Route("/healthz", healthz), Route("/readyz", readyz)]


def metrics_route() -> Route:
    """The metrics, as Prometheus reads them."""

    async def read(_request: Request) -> Response:
        return Response(generate_latest(metrics.REGISTRY), media_type=CONTENT_TYPE_LATEST)

    return Route("/metrics", read)
