"""The smallest load balancer: passes connections to whichever bot takes them.

Works on TCP alone: each connection goes to the next bot in turn, and one that refuses is skipped.
A connection whose bot died ends; Telegram then sends its update again, as it would in earnest.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from benchmarks.processes import free_port

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter
    from collections.abc import Sequence

_PIECE = 1 << 16


class Balancer:
    """Listens on one port and passes on to several."""

    def __init__(self, backends: Sequence[int]) -> None:
        """`backends`: ports of this machine."""
        self.port = free_port()
        self._backends = list(backends)
        self._next = 0
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.replies_to_lose = 0
        """So many replies are cut off before Telegram has read them."""

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

    def _connected(self, reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        backend = await self._backend()
        if backend is None:
            writer.transport.abort()
            return
        answers, questions = backend
        there = asyncio.create_task(_pump(reader, questions))
        back = asyncio.create_task(self._pump_replies(answers, writer))
        try:
            await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (there, back):
                task.cancel()
            await asyncio.gather(there, back, return_exceptions=True)
            writer.transport.abort()
            questions.transport.abort()

    async def _backend(self) -> tuple[StreamReader, StreamWriter] | None:
        for _ in self._backends:
            port = self._backends[self._next % len(self._backends)]
            self._next += 1
            with suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", port)
        return None

    async def _pump_replies(self, source: StreamReader, sink: StreamWriter) -> None:
        while piece := await _piece(source):
            if self.replies_to_lose > 0:
                self.replies_to_lose -= 1
                return
            sink.write(piece)
            await sink.drain()


async def _pump(source: StreamReader, sink: StreamWriter) -> None:
    while piece := await _piece(source):
        sink.write(piece)
        await sink.drain()


async def _piece(source: StreamReader) -> bytes:
    with suppress(OSError):
        return await source.read(_PIECE)
    return b""
