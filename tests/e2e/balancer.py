"""A load balancer, as small as one can be: each request goes to the next replica that takes it."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import TYPE_CHECKING

import httpx

from devtools.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Sequence

    from devtools.processes import BotProcess

PATH = "/from-telegram"


class Balancer:
    """Takes Telegram's webhook calls for several bots."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}{PATH}"
        self.replicas: Sequence[BotProcess] = ()
        """Who is behind it now. A test may leave some out to say where an update goes."""
        self._numbers = count()
        balancer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(balancer.forward(body, dict(self.headers)))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def forward(self, body: bytes, headers: dict[str, str]) -> int:
        """Offer a call to one replica after the other; the status of the first that took it."""
        replicas, first = list(self.replicas), next(self._numbers)
        for number in range(len(replicas)):
            replica = replicas[(first + number) % len(replicas)]
            try:
                answer = httpx.post(
                    f"http://127.0.0.1:{replica.port}{PATH}",
                    content=body,
                    headers={k: v for k, v in headers.items() if k != "Host"},
                    trust_env=False,
                )
            except httpx.HTTPError:
                continue
            if answer.status_code < 500:
                return answer.status_code
        return 502

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
