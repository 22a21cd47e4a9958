"""What the page offers beside the chats: a better model for the bot, if there is one.

GET  /sandbox/model          the offer; null where there is none
POST /sandbox/model/fetch    accept it
POST /sandbox/model/stop     stop fetching
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from starlette.responses import JSONResponse

from bot.sandbox.endpoints import routes_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    from bot.sandbox.model import Json
    from bot.sandbox.world import World


class ModelOffer(Protocol):
    """Who fetches the model and changes the bot over to it."""

    def view(self) -> Json | None:
        """What the page shows; None where nothing is offered."""
        ...

    def listen(self, on_change: Callable[[], None]) -> None:
        """Have `on_change` called whenever `view` changes."""
        ...

    def accept(self) -> None:
        """Begin to fetch."""
        ...

    async def stop(self) -> None:
        """Stop fetching."""
        ...


class OfferRoutes:
    """The offer as the page asks for it; pages that are open hear of each change."""

    def __init__(self, world: World, offer: ModelOffer | None) -> None:
        self._world = world
        self._offer = offer
        if offer is not None:
            offer.listen(self._publish)

    def routes(self) -> list[Route]:
        """The routes of the offer."""
        return routes_of(
            [
                ("GET", "/model", self._show),
                ("POST", "/model/fetch", self._accept),
                ("POST", "/model/stop", self._stop),
            ]
        )

    def _view(self) -> Json | None:
        return self._offer.view() if self._offer is not None else None

    def _publish(self) -> None:
        self._world.hub.publish({"type": "model", "model": self._view()})

    async def _show(self, request: Request) -> Response:  # noqa: ARG002
        return JSONResponse(self._view())

    async def _accept(self, request: Request) -> Response:  # noqa: ARG002
        if self._offer is not None:
            self._offer.accept()
        return JSONResponse(self._view())

    async def _stop(self, request: Request) -> Response:  # noqa: ARG002
        if self._offer is not None:
            await self._offer.stop()
        return JSONResponse(self._view())
