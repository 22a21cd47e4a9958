"""A strict OpenAI-compatible server that judges as a test tells it, over a real socket.

It takes the fields of the protocol and no others, wants a key, and answers without streaming.
"""

import asyncio
import contextlib
import socket
import threading

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

KEY = "sk-of-a-test"
FIELDS = {"model", "messages", "temperature"}
GOOD = '{"comprehensiveness": 1, "professionalism": 3, "authenticity": 2, "safety": 1}'


class JudgeServer:
    """`say` gives the reply to a request's messages; an int is an HTTP status."""

    def __init__(self, say=lambda messages: GOOD):
        self.say = say
        self.requests = []
        self.most_at_once = 0
        self._running = 0

    @contextlib.contextmanager
    def serve(self):
        routes = [
            Route("/v1/models", self._models),
            Route("/v1/chat/completions", self._completions, methods=["POST"]),
        ]
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        config = uvicorn.Config(Starlette(routes=routes), log_config=None, lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
        thread.start()
        try:
            yield self
        finally:
            server.should_exit = True
            thread.join()

    async def _models(self, request):
        return refused(request) or JSONResponse(
            {"object": "list", "data": [{"id": "strong-judge", "object": "model"}]}
        )

    async def _completions(self, request):
        if refusal := refused(request):
            return refusal
        body = await request.json()
        if unknown := set(body) - FIELDS:
            message = f"unrecognized: {sorted(unknown)}, in {body['messages']}"
            return JSONResponse({"error": {"message": message}}, 400)
        if body["model"] != "strong-judge" or any(
            set(one) != {"role", "content"} for one in body["messages"]
        ):
            return JSONResponse({"error": {"message": "no such model or message"}}, 404)
        self.requests.append(body)
        self._running += 1
        self.most_at_once = max(self.most_at_once, self._running)
        await asyncio.sleep(0)
        said = self.say(body["messages"])
        self._running -= 1
        if isinstance(said, int):
            return JSONResponse({"error": {"message": str(body["messages"])}}, said)
        return JSONResponse(
            {
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "created": 0,
                "model": body["model"],
                "choices": [
                    {
                        "index": 0,
                        "finish_reason": "stop",
                        "message": {"role": "assistant", "content": said},
                    }
                ],
            }
        )


def refused(request):
    if request.headers.get("authorization") != f"Bearer {KEY}":
        return JSONResponse({"error": {"message": "no key"}}, 401)
    return None
