"""An engine that costs next to nothing, for measuring the bot alone.

    python -m devtools.engines.paced [--tokens 40] [--interval 0.02] [--port 0]

Prints its address, which ends in /v1, and streams answers of so many tokens, one every so many
seconds. Each answer begins with a mark that only the person's last line decides, so that an answer
in the wrong place is found out. GET /arrivals lists when which mark was asked for (monotonic
seconds). Texts are kept in memory only as marks.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import socket
import sys
import time
from collections import deque
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from starlette.requests import Request
    from starlette.responses import Response

MODEL = "fake-7b"
_ARRIVALS_KEPT = 20_000
_WORDS = ("嗯，", "我在", "听，", "你说", "的我", "都记", "得。", "慢慢", "来，", "不急。")


def answer_mark(text: str) -> str:
    """What the answer to `text` begins with."""
    line = text.strip().rpartition("\n")[2]
    return f"[{hashlib.sha256(line.encode()).hexdigest()[:10]}]"


class FakeEngine:
    """The routes of an OpenAI-compatible server, as far as the bot uses them.

    Args:
        tokens: how many an answer has.
        interval: seconds from one to the next.
    """

    def __init__(self, tokens: int, interval: float) -> None:
        self.tokens = tokens
        self.interval = interval
        self._arrivals: deque[tuple[str, float]] = deque(maxlen=_ARRIVALS_KEPT)

    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                Route("/v1/models", self._models),
                Route("/v1/chat/completions", self._complete, methods=["POST"]),
                Route("/health", self._health),
                Route("/arrivals", self._list_arrivals),
            ]
        )

    async def _models(self, _request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": MODEL, "object": "model"}]})

    async def _health(self, _request: Request) -> Response:
        return JSONResponse({})

    async def _list_arrivals(self, _request: Request) -> Response:
        return JSONResponse(list(self._arrivals))

    async def _complete(self, request: Request) -> Response:
        at = time.monotonic()
        text = json.loads(await request.body())["messages"][-1]["content"]
        self._arrivals.append((answer_mark(text), at))
        return self.respond(text)

    def respond(self, text: str) -> Response:
        """The answer to what a person wrote last."""
        events = self.tell(self.answer(answer_mark(text)), self.interval)
        return StreamingResponse(events, media_type="text/event-stream")

    def answer(self, mark: str) -> list[str]:
        """The tokens of the answer with this mark."""
        return [mark, *(_WORDS[number % len(_WORDS)] for number in range(1, self.tokens))]

    async def tell(self, tokens: Sequence[str], interval: float) -> AsyncIterator[bytes]:
        """Tokens as events, one every `interval` seconds, and the end."""
        begun = time.monotonic()
        for number, token in enumerate(tokens, start=1):
            pause = begun + number * interval - time.monotonic()
            if pause > 0:
                await asyncio.sleep(pause)
            yield _event({"delta": {"content": token}})
        yield _event({"delta": {}, "finish_reason": "stop"})
        yield b"data: [DONE]\n\n"


def _event(choice: dict[str, Any]) -> bytes:
    chunk = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": MODEL,
        "choices": [{"index": 0, "finish_reason": None} | choice],
    }
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def serve(kind: Callable[[int, float], FakeEngine]) -> int:
    """Serve an engine, as the command line says, until interrupted."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tokens", type=int, default=40)
    parser.add_argument("--interval", type=float, default=0.02, help="seconds a token")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    given = parser.parse_args()
    listener = socket.create_server(("127.0.0.1", given.port), backlog=512)
    sys.stdout.write(f"http://127.0.0.1:{listener.getsockname()[1]}/v1\n")
    sys.stdout.flush()
    config = uvicorn.Config(
        kind(given.tokens, given.interval).app(),
        log_level="critical",
        access_log=False,
        timeout_keep_alive=60,
        lifespan="off",
    )
    uvicorn.Server(config).run([listener])
    return 0


if __name__ == "__main__":
    sys.exit(serve(FakeEngine))
