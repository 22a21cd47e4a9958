"""The control API for tests in another process: calls, faults, pending updates, flood control.

GET  /sandbox/calls?after=&method=&chat_id=&wait=    DELETE forgets them
GET  /sandbox/faults    POST {kind, method?, ...} adds one    DELETE removes all
GET  /sandbox/updates   unconfirmed updates
PUT  /sandbox/flood     {"on": true|false}
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response

from bot.sandbox.endpoints import Endpoint, body_of, routes_of
from bot.sandbox.faults import Fault
from bot.sandbox.flood import FloodLimits

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import Route

    from bot.sandbox.calls import CallLog
    from bot.sandbox.faults import Faults
    from bot.sandbox.flood import FloodControl
    from bot.sandbox.world import World

_MAX_WAIT = 60.0


class Inspection:
    """What tests look into and what they break."""

    def __init__(self, world: World, faults: Faults, flood: FloodControl, calls: CallLog) -> None:
        self._world = world
        self._faults = faults
        self._flood = flood
        self._calls = calls

    def routes(self) -> list[Route]:
        """The routes of calls, faults, updates and flood control."""
        table: list[Endpoint] = [
            ("GET", "/calls", self._list_calls),
            ("DELETE", "/calls", self._clear_calls),
            ("GET", "/faults", self._list_faults),
            ("POST", "/faults", self._add_fault),
            ("DELETE", "/faults", self._clear_faults),
            ("GET", "/updates", self._updates),
            ("PUT", "/flood", self._set_flood),
        ]
        return routes_of(table)

    async def _list_calls(self, request: Request) -> Response:
        """Matching calls; with `wait`, not before there is a finished one (or so many seconds)."""
        query = request.query_params
        method, after = query.get("method"), int(query.get("after", 0))
        chat_id = int(query["chat_id"]) if "chat_id" in query else None
        if "wait" in query:
            with suppress(TimeoutError):
                seconds = min(float(query["wait"]), _MAX_WAIT)
                await self._calls.wait_for(
                    method=method, chat_id=chat_id, after=after, seconds=seconds
                )
        calls = self._calls.all(method, chat_id, after)
        return JSONResponse([call.view() for call in calls])

    async def _clear_calls(self, request: Request) -> Response:  # noqa: ARG002
        self._calls.clear()
        return JSONResponse({})

    async def _list_faults(self, request: Request) -> Response:  # noqa: ARG002
        return JSONResponse(self._faults.view())

    async def _add_fault(self, request: Request) -> Response:
        self._faults.add(Fault(**await body_of(request)))
        return JSONResponse(self._faults.view())

    async def _clear_faults(self, request: Request) -> Response:  # noqa: ARG002
        self._faults.clear()
        return JSONResponse([])

    async def _updates(self, request: Request) -> Response:  # noqa: ARG002
        return JSONResponse([update.body() for update in self._world.updates.pending()])

    async def _set_flood(self, request: Request) -> Response:
        self._flood.limits = FloodLimits() if (await body_of(request)).get("on") else None
        return JSONResponse({"on": self._flood.limits is not None})
