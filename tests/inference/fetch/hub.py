"""A model hub on this machine, whole or broken as a test wants it."""

from __future__ import annotations

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType


class Hub:
    """Serves one content under every path.

    Args:
        content: what it has.
        status: what it answers with instead.
        knows_ranges: whether it goes on where it is told to.
        cuts: after how many bytes each of the first answers ends, though more was announced.
        announced: the length that it tells, where that is not the content's.
        redirects: whether it sends to another path first, as hubs send to where their files lie.
        range_begins: where it says that its ranges begin, where that is not as asked.
    """

    def __init__(
        self,
        content: bytes,
        *,
        status: int = 200,
        knows_ranges: bool = True,
        cuts: tuple[int, ...] = (),
        announced: int | None = None,
        redirects: bool = False,
        range_begins: int | None = None,
    ) -> None:
        self.content, self.status, self.knows_ranges = content, status, knows_ranges
        self.cuts, self.announced, self.redirects = list(cuts), announced, redirects
        self.range_begins = range_begins
        self.asked: list[tuple[str, str | None]] = []
        """Path and range of each request."""
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                hub.answer(self)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Hub:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        wanted = request.headers.get("Range")
        self.asked.append((request.path, wanted))
        if self.redirects and not request.path.startswith("/where-it-lies"):
            request.send_response(302)
            request.send_header("Location", f"{self.url}/where-it-lies{request.path}")
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        if self.status != 200:
            request.send_error(self.status)
            return
        begins = int(re.findall(r"\d+", wanted)[0]) if wanted and self.knows_ranges else 0
        if begins and begins >= len(self.content):
            request.send_error(416)
            return
        body = self.content[begins:]
        request.send_response(206 if begins else 200)
        length = self.announced if self.announced is not None else len(body)
        request.send_header("Content-Length", str(length))
        if begins:
            said = begins if self.range_begins is None else self.range_begins
            total = len(self.content)
            request.send_header("Content-Range", f"bytes {said}-{total - 1}/{total}")
        request.end_headers()
        request.wfile.write(body[: self.cuts.pop(0)] if self.cuts else body)
        request.close_connection = True
