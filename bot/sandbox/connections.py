"""Breaking a connection on purpose: uvicorn hides the transport, this protocol keeps it."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

    from starlette.requests import Request


class ResettableProtocol(H11Protocol):
    """HTTP/1.1 whose open connections can be found by the client's address."""

    transports: ClassVar[dict[tuple[str, int], asyncio.Transport]] = {}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Remember the connection."""
        super().connection_made(transport)
        if self.client is not None:
            self.transports[self.client] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        if self.client is not None:
            self.transports.pop(self.client, None)
        super().connection_lost(exc)


def reset(request: Request) -> None:
    """Break the connection of a request with a TCP reset: no byte of an answer is sent."""
    client = request.scope.get("client")
    transport = ResettableProtocol.transports.get(tuple(client)) if client else None
    if transport is None:
        return
    raw = transport.get_extra_info("socket")
    if raw is not None:
        # Lingering for 0 s turns the close into a reset.
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
