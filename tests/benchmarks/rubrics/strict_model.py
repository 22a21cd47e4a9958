"""An OpenAI-compatible server that refuses whatever is not exactly as it has to be."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = "sk-own-0001"


@dataclass
class StrictModel:
    """Answers with what `answer` makes of the messages; `first_status` is given once before."""

    answer: Callable[[list[dict[str, str]]], str]
    first_status: int = 200
    url: str = ""
    prompts: list[list[dict[str, str]]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @contextmanager
    def serve(self) -> Iterator["StrictModel"]:
        server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_port}/v1"
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def reply(self, path: str, key: str, body: bytes) -> tuple[int, object]:
        if key != f"Bearer {KEY}":
            return self._refuse(401, "key")
        if path == "/v1/models":
            return 200, {"object": "list", "data": [{"id": "own-7b", "object": "model"}]}
        given = json.loads(body)
        if set(given) != {"model", "messages"} or given["model"] != "own-7b":
            return self._refuse(400, "fields")
        roles = [message["role"] for message in given["messages"]]
        if roles != (["system"] + ["user", "assistant"] * len(roles))[: len(roles)]:
            return self._refuse(400, "roles")
        if roles[-1] != "user" or not all(one["content"].strip() for one in given["messages"]):
            return self._refuse(400, "contents")
        if self.first_status != 200:
            status, self.first_status = self.first_status, 200
            return status, {"error": given["messages"][-1]["content"]}
        self.prompts.append(given["messages"])
        message = {"role": "assistant", "content": self.answer(given["messages"])}
        return 200, {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}

    def _refuse(self, status: int, what: str) -> tuple[int, object]:
        self.refused.append(what)
        return status, {"error": what}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        model = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self._answer(b"")

            def do_POST(self):
                self._answer(self.rfile.read(int(self.headers["Content-Length"])))

            def _answer(self, body):
                status, content = model.reply(self.path, self.headers["Authorization"], body)
                data = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        return Handler
