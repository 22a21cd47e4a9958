"""A strict stand-in for `lmdeploy serve api_server`, with faults on demand.

Three ways to use it:

    async with FakeLMDeploy(answer="我在听。").serve() as fake:    # in the loop of a test
        engine = LMDeployEngine([fake.url])
        fake.fault = Fault.STALL_MID_STREAM                      # any knob, at any time

    with FakeLMDeploy().serve_in_thread() as fake: ...           # beside synchronous code

    python -m devtools.engines.lmdeploy --port 8080             # as a process
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
    leaves_out    of a good end: "finish_reason" or "done", as some servers do
    answer_limit  tokens of an answer that the server allows, whatever is asked for; 0 for no limit
    takes_system  False for a model whose template has no system's role
    lists_models  False for a gateway that has no /v1/models
    choice        what is likely to come next where one token with `logprobs` is asked for: words
                  and their probabilities, or (in Python only) a function from the messages to them
    choice_fault  what goes wrong with that: a `Fault` of those before the first token, BROKEN_JSON,
                  or NO_END for a server that tells no log-probabilities
    choice_delay  seconds until it comes
    choice_status an HTTP status to refuse it with; 0 for none

What happened: `requests` (the bodies in the order they came, so the prompts too), `choices_asked`
(the same of those for one token), `running`,
`finished` (ended by themselves), `aborted` (the client went away), `connections` (clients' sockets
that generations came over).

It takes only the fields that LMDeploy 0.18 has and only in their ranges, and its errors are flat
like LMDeploy's. They echo the prompt, so that a client that passes them on is found out.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import socket
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from devtools.engines.wire import (
    BARE_BODIES,
    BEFORE_FIRST_TOKEN,
    BREAKING,
    MID_STREAM,
    STALLS,
    Fault,
    before_first_token,
    break_stream,
    chunk,
    error_response,
    one_token,
    problem_of,
    usage,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator

    from starlette.requests import Request

TRIAL = "1+1=?"
"""What `inference.lmdeploy` asks each node at its start."""

__all__ = ["BEFORE_FIRST_TOKEN", "MID_STREAM", "STALLS", "FakeLMDeploy", "Fault"]


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
    leaves_out: str = ""
    answer_limit: int = 0
    takes_system: bool = True
    lists_models: bool = True
    choice: dict[str, float] | Callable[[list[dict[str, str]]], dict[str, float]] = field(
        default_factory=lambda: {"A": 0.97, "B": 0.03}
    )
    choice_fault: Fault = Fault.NONE
    choice_delay: float = 0.0
    choice_status: int = 0
    choices_asked: list[dict[str, Any]] = field(default_factory=list)
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
        # With uvicorn's own configuration, logging would close what other libraries log to.
        config = uvicorn.Config(
            self.app(), log_config=None, access_log=False, lifespan="off", ws="none"
        )
        return _Server(config), listener

    async def _models(self, request: Request) -> Response:
        if refusal := self._refuse_key(request):
            return refusal
        if not self.lists_models:
            return error_response(404, "Not Found")
        return JSONResponse({"object": "list", "data": [{"id": self.model, "object": "model"}]})

    async def _health(self, _: Request) -> Response:
        return Response(status_code=503 if self.status >= 500 else 200)

    async def _state(self, request: Request) -> Response:
        if request.method == "POST":
            for knob, value in (await request.json()).items():
                if knob not in self.__dataclass_fields__:
                    return error_response(400, f"no such knob: {knob}")
                setattr(self, knob, Fault(value) if knob.endswith("fault") else value)
        names = ("model", "fault", "fault_after", "token_delay", "status", "context_window")
        counters = ("running", "finished", "aborted", "connections", "requests")
        return JSONResponse({name: getattr(self, name) for name in names + counters})

    async def _completions(self, request: Request) -> Response:
        if refusal := self._refuse_key(request):
            return refusal
        body = json.loads(await request.body())
        if not self.status and [m.get("content") for m in body.get("messages", ())] == [TRIAL]:
            return StreamingResponse(self._trial(body), media_type="text/event-stream")
        self.clients.add(request.client)
        if body.get("logprobs"):
            return await self._choice(body)
        self.requests.append(body)
        said = body["messages"][-1]["content"] if body.get("messages") else ""
        if self.status:
            return error_response(self.status, f"no luck with {said!r}")
        if problem := problem_of(body):
            return error_response(400, f"{problem} in {said!r}")
        if body["model"] != self.model:
            return error_response(404, f"The model {body['model']!r} does not exist.")
        if not self.takes_system and body["messages"][0]["role"] == "system":
            return error_response(500, f"Jinja: System role not supported in {said!r}")
        length = sum(len(message["content"]) for message in body["messages"])
        if length >= self.context_window:
            return error_response(
                400,
                f"Input length ({length}) must be smaller than the model context length "
                f"({self.context_window}).",
            )
        limit = self.answer_limit or body["max_tokens"]
        room = min(body["max_tokens"], self.context_window - length, limit)
        return StreamingResponse(self._guarded(body, room), media_type="text/event-stream")

    async def _choice(self, body: dict[str, Any]) -> Response:
        """One token that is not read, and how likely it and others were."""
        self.choices_asked.append(body)
        said, fault = body["messages"][-1]["content"], self.choice_fault
        if self.choice_delay:
            await asyncio.sleep(self.choice_delay)
        if self.choice_status:
            return error_response(self.choice_status, f"no luck with {said!r}")
        if problem := problem_of(body):
            return error_response(400, f"{problem} in {said!r}")
        if fault in BARE_BODIES:
            return Response(BARE_BODIES[fault])
        if fault is Fault.STALL_BEFORE_FIRST_TOKEN:
            await asyncio.Event().wait()
        if fault is Fault.BROKEN_JSON:
            return Response(b'{"choices": [' + said.encode())
        choice = self.choice if isinstance(self.choice, dict) else self.choice(body["messages"])
        return JSONResponse(one_token(body, {} if fault is Fault.NO_END else choice))

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

    async def _trial(self, body: dict[str, Any]) -> AsyncGenerator[bytes, None]:
        """The engine's own question at its start: answered at once, and not counted."""
        text = self.answer if isinstance(self.answer, str) else "2"
        for token in text[: body["max_tokens"]]:
            yield chunk(body, token)
        yield chunk(body, "", "stop") + b"data: [DONE]\n\n"

    async def _stream(self, body: dict[str, Any], room: int) -> AsyncGenerator[bytes, None]:
        fault = self.fault
        async for data in before_first_token(fault):
            yield data
        if fault in BARE_BODIES:
            return
        text = self.answer if isinstance(self.answer, str) else self.answer(body["messages"])
        text = "" if fault is Fault.EMPTY_ANSWER else text
        for number, token in enumerate(text[:room]):
            if number == self.fault_after and fault in BREAKING:
                async for data in break_stream(fault, body):
                    yield data
                return
            if self.token_delay:
                await asyncio.sleep(self.token_delay)
            yield chunk(body, token)
        is_whole = fault is not Fault.NO_END
        if is_whole and "finish_reason" not in self.leaves_out:
            yield chunk(body, "", "stop" if len(text) <= room else "length")
        if body.get("stream_options", {}).get("include_usage"):
            yield usage(body, min(len(text), room))
        if is_whole and "done" not in self.leaves_out:
            yield b"data: [DONE]\n\n"

    def _refuse_key(self, request: Request) -> Response | None:
        if self.api_key and request.headers.get("authorization") != f"Bearer {self.api_key}":
            return error_response(401, "Unauthorized.")
        return None


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
