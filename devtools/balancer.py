"""The smallest load balancer: gives each of Telegram's calls to whichever bot takes connections.

Each call goes to the next bot in turn, and one that refuses the connection is skipped. A call whose
bot died is broken off, and Telegram sends its update again, as it would in earnest.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from devtools.processes import free_port

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter
    from collections.abc import Iterator, Sequence

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


class Balancer:
    """Listens on one port and passes HTTP requests on to several, one request a connection."""

    def __init__(self, backends: Sequence[int]) -> None:
        """`backends`: ports of this machine."""
        self.port = free_port()
        self.backends: Sequence[int] = backends
        """Who gets calls now; may be changed at any time."""
        self.replies_to_lose = 0
        """So many replies are cut off before Telegram has read them."""
        self._next = 0
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)

    async def stop(self) -> None:
        """Close everything."""
        if self._server is not None:
            self._server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    @contextmanager
    def serve_in_thread(self) -> Iterator[None]:
        """Listen in a thread and an event loop of its own."""
        loop = asyncio.new_event_loop()
        loop.run_until_complete(self.start())
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        try:
            yield
        finally:
            asyncio.run_coroutine_threadsafe(self.stop(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    def _connected(self, reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            request = await _read_request(reader)
            reply = await self._forward(request)
            if self.replies_to_lose > 0:
                self.replies_to_lose -= 1
            else:
                writer.write(reply)
                await writer.drain()
                writer.close()
                return
        writer.transport.abort()

    async def _forward(self, request: bytes) -> bytes:
        """The reply of the next bot that takes the connection; OSError where none does."""
        for _ in range(len(self.backends)):
            port = self.backends[self._next % len(self.backends)]
            self._next += 1
            with suppress(ConnectionRefusedError):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                try:
                    writer.write(request)
                    return await reader.read()
                finally:
                    writer.transport.abort()
        raise ConnectionRefusedError


async def _read_request(reader: StreamReader) -> bytes:
    """One request, told that its connection ends with the reply."""
    head = await reader.readuntil(_HEAD_END)
    request, *headers = head.removesuffix(_HEAD_END).split(b"\r\n")
    length = next((int(h.split(b":")[1]) for h in headers if h.lower().startswith(_LENGTH)), 0)
    kept = [header for header in headers if not header.lower().startswith(b"connection:")]
    body = await reader.readexactly(length)
    return b"\r\n".join([request, *kept, b"Connection: close"]) + _HEAD_END + body
