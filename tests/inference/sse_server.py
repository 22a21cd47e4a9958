"""A strict stand-in for `lmdeploy serve api_server`, with faults on demand.

Three ways to use it:

    async with FakeLMDeploy(answer="我在听。").serve() as fake:    # in the loop of a test
        engine = LMDeployEngine([fake.url])
        fake.fault = Fault.STALL_MID_STREAM                      # any knob, at any time

    with FakeLMDeploy().serve_in_thread() as fake: ...           # beside synchronous code

    python -m tests.inference.sse_server --port 8080             # as a process
    curl -X POST 127.0.0.1:8080/_fake -d '{"fault": "abort", "token_delay": 0.05}'
    curl 127.0.0.1:8080/_fake                                    # knobs, counters, requests

Knobs, all of them attributes and all of them keys of POST /_fake:

    answer        the text, or (in Python only) a function from the request's messages to the text;
                  one character is one token and one event
    model, api_key, context_window (tokens; one character of the prompt is one)
    token_delay   seconds before each token: a slow model
    fault         what goes wrong, see `Fault`
    fault_after   tokens that come first, for the faults in mid-stream
    status        an HTTP status to refuse every generation with; 0 for none

What happened: `requests` (the bodies in the order they came, so the prompts too), `running`,
`finished` (ended by themselves), `aborted` (the client went away), `connections` (clients' sockets
that generations came over).

It takes only the fields that LMDeploy 0.18 has and only in their ranges, and its errors are flat
like LMDeploy's. They echo the prompt, so that a client that passes them on is found out.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import enum
import json
import socket
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator

    from starlette.requests import Request


class Fault(enum.StrEnum):
    """What may go wrong with a generation."""

    NONE = "none"
    # before the first token
    STALL_BEFORE_FIRST_TOKEN = "stall_before_first_token"
    ONLY_PINGS = "only_pings"  # comment lines, as llama.cpp sends while a request waits
    PROXY_DEAD_NODE = "proxy_dead_node"  # LMDeploy's proxy: status 200 and one bare JSON line
    HTML = "html"
    BINARY = "binary"
    EMPTY_BODY = "empty_body"
    EMPTY_ANSWER = "empty_answer"
    # in mid-stream
    STALL_MID_STREAM = "stall_mid_stream"
    RESET = "reset"  # the connection breaks
    CUT = "cut"  # the body ends, properly, before the answer does
    NO_FINISH_REASON = "no_finish_reason"
    NO_DONE = "no_done"
    ERROR_EVENT = "error_event"
    FINISH_ERROR = "finish_error"
    ABORT = "abort"
    BROKEN_JSON = "broken_json"
    NOT_A_CHUNK = "not_a_chunk"
    LONE_SURROGATE = "lone_surrogate"


BEFORE_FIRST_TOKEN = (
    Fault.STALL_BEFORE_FIRST_TOKEN,
    Fault.ONLY_PINGS,
    Fault.PROXY_DEAD_NODE,
    Fault.HTML,
    Fault.BINARY,
    Fault.EMPTY_BODY,
    Fault.EMPTY_ANSWER,
)
MID_STREAM = tuple(f for f in Fault if f not in BEFORE_FIRST_TOKEN and f is not Fault.NONE)

STALLS = (Fault.STALL_BEFORE_FIRST_TOKEN, Fault.ONLY_PINGS, Fault.STALL_MID_STREAM)
_BREAKING = tuple(f for f in MID_STREAM if f not in {Fault.NO_DONE, Fault.NO_FINISH_REASON})

_BARE_BODIES = {
    Fault.PROXY_DEAD_NODE: b'{"error_code":10402,"text":"Failed to get response"}\n',
    Fault.HTML: b"<!doctype html>\n<title>502 Bad Gateway</title>\n",
    Fault.BINARY: bytes(range(256)) * 8,
    Fault.EMPTY_BODY: b"",
}
_FIELDS = {
    "model": str,
    "messages": list,
    "temperature": (int, float),
    "top_p": (int, float),
    "max_tokens": int,
    "repetition_penalty": (int, float),
    "stream": bool,
    "stream_options": dict,
}


class _Broken(Exception):  # noqa: N818
    """Breaks the connection."""


@dataclass
class FakeLMDeploy:
    """One node; see the module for the knobs."""

    answer: str | Callable[[list[dict[str, str]]], str] = "嗯，我在听，慢慢说。"
    model: str = "shudong-7b"
    api_key: str = ""
    context_window: int = 2048
    token_delay: float = 0.0
    fault: Fault = Fault.NONE
    fault_after: int = 2
    status: int = 0
    requests: list[dict[str, Any]] = field(default_factory=list)
    running: int = 0
    finished: int = 0
    aborted: int = 0
    clients: set[object] = field(default_factory=set)
    url: str = ""
    """Base URL ending in /v1, once it is served."""

    @property
    def connections(self) -> int:
        """Sockets that generations came over."""
        return len(self.clients)

    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                Route("/v1/models", self._models),
                Route("/v1/chat/completions", self._completions, methods=["POST"]),
                Route("/health", self._health),
                Route("/_fake", self._state, methods=["GET", "POST"]),
            ]
        )

    @contextlib.asynccontextmanager
    async def serve(self, port: int = 0) -> AsyncIterator[FakeLMDeploy]:
        """Serve on a loopback port (a free one for 0) within the running event loop."""
        server, listener = self._server(port)
        task = asyncio.create_task(server.serve([listener]))
        try:
            await server.started_event.wait()
            yield self
        finally:
            server.leave()
            await task

    @contextlib.contextmanager
    def serve_in_thread(self, port: int = 0) -> Iterator[FakeLMDeploy]:
        """Serve from a thread of its own."""
        server, listener = self._server(port)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
        thread.start()
        try:
            yield self
        finally:
            server.leave()
            thread.join()

    def _server(self, port: int) -> tuple[_Server, socket.socket]:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        config = uvicorn.Config(self.app(), log_level="critical", lifespan="off", ws="none")
        return _Server(config), listener

    async def _models(self, request: Request) -> Response:
        if refusal := self._refuse_key(request):
            return refusal
        return JSONResponse({"object": "list", "data": [{"id": self.model, "object": "model"}]})

    async def _health(self, _: Request) -> Response:
        return Response(status_code=503 if self.status >= 500 else 200)

    async def _state(self, request: Request) -> Response:
        if request.method == "POST":
            for knob, value in (await request.json()).items():
                if knob not in self.__dataclass_fields__:
                    return _error(400, f"no such knob: {knob}")
                setattr(self, knob, Fault(value) if knob == "fault" else value)
        names = ("model", "fault", "fault_after", "token_delay", "status", "context_window")
        counters = ("running", "finished", "aborted", "connections", "requests")
        return JSONResponse({name: getattr(self, name) for name in names + counters})

    async def _completions(self, request: Request) -> Response:
        if refusal := self._refuse_key(request):
            return refusal
        self.clients.add(request.client)
        body = json.loads(await request.body())
        self.requests.append(body)
        said = body["messages"][-1]["content"] if body.get("messages") else ""
        if self.status:
            return _error(self.status, f"no luck with {said!r}")
        if problem := _problem(body):
            return _error(400, f"{problem} in {said!r}")
        if body["model"] != self.model:
            return _error(404, f"The model {body['model']!r} does not exist.")
        length = sum(len(message["content"]) for message in body["messages"])
        if length >= self.context_window:
            return _error(
                400,
                f"Input length ({length}) must be smaller than the model context length "
                f"({self.context_window}).",
            )
        room = min(body["max_tokens"], self.context_window - length)
        return StreamingResponse(self._guarded(body, room), media_type="text/event-stream")

    async def _guarded(self, body: dict[str, Any], room: int) -> AsyncGenerator[bytes, None]:
        self.running += 1
        done = False
        try:
            async for data in self._stream(body, room):
                yield data
            done = True
        finally:
            self.running -= 1
            self.finished += done
            self.aborted += not done

    async def _stream(self, body: dict[str, Any], room: int) -> AsyncGenerator[bytes, None]:
        fault = self.fault
        async for data in _before_first_token(fault):
            yield data
        if fault in _BARE_BODIES:
            return
        text = self.answer if isinstance(self.answer, str) else self.answer(body["messages"])
        text = "" if fault is Fault.EMPTY_ANSWER else text
        for number, token in enumerate(text[:room]):
            if number == self.fault_after and fault in _BREAKING:
                async for data in _break(fault, body):
                    yield data
                return
            if self.token_delay:
                await asyncio.sleep(self.token_delay)
            yield _chunk(body, token)
        if fault is not Fault.NO_FINISH_REASON:
            yield _chunk(body, "", "stop" if len(text) <= room else "length")
        if body.get("stream_options", {}).get("include_usage"):
            yield _usage(body, min(len(text), room))
        if fault is not Fault.NO_DONE:
            yield b"data: [DONE]\n\n"

    def _refuse_key(self, request: Request) -> Response | None:
        if self.api_key and request.headers.get("authorization") != f"Bearer {self.api_key}":
            return _error(401, "Unauthorized.")
        return None


async def _before_first_token(fault: Fault) -> AsyncGenerator[bytes, None]:
    if fault in _BARE_BODIES:
        yield _BARE_BODIES[fault]
    if fault is Fault.STALL_BEFORE_FIRST_TOKEN:
        await asyncio.Event().wait()
    while fault is Fault.ONLY_PINGS:
        yield b": ping\n\n"
        await asyncio.sleep(0.02)


async def _break(fault: Fault, body: dict[str, Any]) -> AsyncGenerator[bytes, None]:
    said = body["messages"][-1]["content"]
    match fault:
        case Fault.STALL_MID_STREAM:
            while True:
                yield b": ping\n\n"
                await asyncio.sleep(0.02)
        case Fault.RESET:
            raise _Broken
        case Fault.ERROR_EVENT:
            error = {"message": said, "type": "server_error", "code": 500, "object": "error"}
            yield _event({"error": error}) + b"data: [DONE]\n\n"
        case Fault.FINISH_ERROR:
            yield _chunk(body, "", "error") + b"data: [DONE]\n\n"
        case Fault.ABORT:
            yield _chunk(body, "", "abort") + b"data: [DONE]\n\n"
        case Fault.BROKEN_JSON:
            yield b'data: {"choices": [' + said.encode() + b"\n\n"
        case Fault.NOT_A_CHUNK:
            yield _event({"choices": [{"text": said}]})
        case Fault.LONE_SURROGATE:
            yield _chunk(body, "\ud83d") + _chunk(body, "", "stop") + b"data: [DONE]\n\n"


class _Server(uvicorn.Server):
    """Leaves the signals to the tests and goes like a process that is killed."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.started_event = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.started_event.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await super().shutdown(sockets)

    def leave(self) -> None:
        self.should_exit = self.force_exit = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _problem(body: dict[str, Any]) -> str:
    """What LMDeploy would refuse in this request, or would ignore in silence."""
    for name, value in body.items():
        if name not in _FIELDS:
            return f"unknown field {name}"
        if not isinstance(value, _FIELDS[name]):
            return f"wrong type of {name}"
    if missing := {"model", "messages", "max_tokens"} - body.keys():
        return f"missing {sorted(missing)}"
    if not body["messages"]:
        return "no messages"
    for message in body["messages"]:
        roles = {"system", "user", "assistant"}
        if set(message) != {"role", "content"} or message["role"] not in roles:
            return "a message is not one"
    if not body.get("stream"):
        return "only streams are served here"
    if not 0 <= body.get("temperature", 1) <= 2 or not 0 < body.get("top_p", 1) <= 1:
        return "sampling out of range"
    return "" if body["max_tokens"] > 0 else "max_tokens out of range"


def _error(status: int, message: str) -> Response:
    kind = "invalid_request_error" if status < 500 else "server_error"
    content = {"message": message, "type": kind, "code": status, "param": None, "object": "error"}
    return JSONResponse(content, status_code=status)


def _chunk(body: dict[str, Any], text: str, finish_reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {"role": "assistant", "content": text}}
    if finish_reason:
        choice["finish_reason"] = finish_reason
    return _event(_head(body) | {"choices": [choice], "usage": None})


def _usage(body: dict[str, Any], tokens: int) -> bytes:
    return _event(_head(body) | {"choices": [], "usage": {"completion_tokens": tokens}})


def _head(body: dict[str, Any]) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": body["model"]}


def _event(content: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(content).encode() + b"\n\n"


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="A fake LMDeploy node; POST /_fake sets knobs.")
    parser.add_argument("--port", type=int, default=0)
    fake = FakeLMDeploy()

    async def run(port: int) -> None:
        async with fake.serve(port):
            print(fake.url, flush=True)
            await asyncio.Event().wait()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run(parser.parse_args().port))


if __name__ == "__main__":
    main()
