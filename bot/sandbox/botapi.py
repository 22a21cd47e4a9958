"""The Bot API over HTTP: `/bot<token>/<method>` and `/file/bot<token>/<path>`."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import re
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from starlette.datastructures import UploadFile
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from bot.sandbox.connections import reset
from bot.sandbox.errors import ApiError, bad_request
from bot.sandbox.methods import METHODS, Api
from bot.sandbox.params import Params, Upload

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from starlette.requests import Request

    from bot.sandbox.calls import CallLog
    from bot.sandbox.faults import Fault, Faults
    from bot.sandbox.flood import FloodControl
    from bot.sandbox.model import Json

logger = logging.getLogger(__name__)

_TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]+")
_MAX_FIELDS = 1000


class BotApi:
    """Answers bots; what they send goes through the faults, the flood control and the method."""

    def __init__(
        self, api: Api, token: str, faults: Faults, flood: FloodControl, calls: CallLog
    ) -> None:
        self._api = api
        self._token = token
        self._faults = faults
        self._flood = flood
        self._calls = calls

    def routes(self) -> list[Route]:
        """The Bot API's two kinds of addresses."""
        return [
            Route("/bot{token}/{method}", self._method, methods=["GET", "POST"]),
            Route("/file/bot{token}/{path:path}", self._file, methods=["GET"]),
        ]

    async def _method(self, request: Request) -> Response:
        method = request.path_params["method"]
        try:
            self._authorize(request.path_params["token"])
            params = await _read_params(request)
        except ApiError as error:
            return _refusal(error)
        number = self._calls.begin(method, params.chat_id(), params.logged())
        fault = self._faults.take(method.lower(), params.chat_id())
        if fault is not None:
            return await self._spoil(request, method, params, fault, number)
        try:
            answer = await self._attended(request, self._run(method.lower(), params))
        except ApiError as error:
            self._calls.end(number, f"{error.code} {error.description}")
            return _refusal(error)
        except asyncio.CancelledError:
            self._calls.end(number, "disconnected")
            raise
        self._calls.end(number, "ok", _message_id(answer))
        return JSONResponse({"ok": True, "result": answer})

    async def _run(self, method: str, params: Params) -> object:
        handler = METHODS.get(method)
        if handler is None:
            raise ApiError(404, "Not Found")
        self._flood.check(method, params.chat_id())
        answer = await handler(self._api, params)
        await self._api.world.store.flush()
        return answer

    async def _attended(self, request: Request, work: Awaitable[object]) -> object:
        """Work while the client is there: a poll must not go on for one that has left."""
        task = asyncio.ensure_future(work)
        leaving = asyncio.ensure_future(_left(request))
        try:
            await asyncio.wait({task, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise ApiError(499, "Client Closed Request")
            return task.result()
        finally:
            for unfinished in (task, leaving):
                unfinished.cancel()
                with suppress(asyncio.CancelledError, ApiError):
                    await unfinished

    async def _spoil(
        self, request: Request, method: str, params: Params, fault: Fault, number: int
    ) -> Response:
        """Answer as the fault says."""
        answer: object = None
        if fault.kind in {"error_after", "hang_after", "reset_after", "malformed"}:
            with suppress(ApiError):
                answer = await self._run(method.lower(), params)
        self._calls.end(number, f"fault:{fault.kind}", _message_id(answer))
        if fault.kind in {"hang", "hang_after"}:
            with suppress(TimeoutError):
                await asyncio.wait_for(_left(request), fault.seconds)
            return JSONResponse(fault.error_body(), status_code=504)
        if fault.kind in {"reset_before", "reset_after"}:
            reset(request)
            return Response(status_code=500)
        if fault.kind == "malformed":
            whole = json.dumps({"ok": True, "result": answer})
            return Response(whole[: len(whole) // 2], media_type="application/json")
        if fault.kind == "gateway":
            return HTMLResponse(fault.gateway_page(), status_code=fault.status)
        return JSONResponse(fault.error_body(), status_code=fault.status)

    async def _file(self, request: Request) -> Response:
        try:
            self._authorize(request.path_params["token"])
        except ApiError as error:
            return _refusal(error)
        path = request.path_params["path"]
        for stored in self._api.world.files.values():
            if stored.path == path:
                return Response(stored.content, media_type="application/octet-stream")
        return _refusal(ApiError(404, "Not Found"))

    def _authorize(self, token: str) -> None:
        if not _TOKEN.fullmatch(token):
            raise ApiError(404, "Not Found")
        if not hmac.compare_digest(token.encode(), self._token.encode()):
            raise ApiError(401, "Unauthorized")


async def _read_params(request: Request) -> Params:
    """Query string and body together; JSON, form and multipart bodies."""
    values: dict[str, object] = dict(request.query_params)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        try:
            body = json.loads(await request.body() or b"{}")
        except ValueError:
            raise bad_request("can't parse request JSON object") from None
        if not isinstance(body, dict):
            raise bad_request("expected a JSON object")
        given = {key: value for key, value in body.items() if value is not None}
        return Params(values | given)
    if kind not in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        await request.body()
        return Params(values)
    uploads: dict[str, Upload] = {}
    async with request.form(max_fields=_MAX_FIELDS, max_part_size=1024 * 1024) as form:
        for name, item in form.multi_items():
            if isinstance(item, UploadFile):
                mime = item.content_type or "application/octet-stream"
                uploads[name] = Upload(item.filename or name, mime, await item.read())
            else:
                values[name] = item
    return Params(values, uploads)


async def _left(request: Request) -> None:
    """Return when the client closes its connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _refusal(error: ApiError) -> Response:
    body: Json = {"ok": False, "error_code": error.code, "description": error.description}
    headers = {}
    if error.retry_after is not None:
        body["parameters"] = {"retry_after": error.retry_after}
        headers["Retry-After"] = str(error.retry_after)
    return JSONResponse(body, status_code=error.code, headers=headers)


def _message_id(answer: object) -> int | None:
    if isinstance(answer, dict):
        return cast("int | None", answer.get("message_id"))
    return None
