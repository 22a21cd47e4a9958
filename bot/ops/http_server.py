"""An ASGI server inside the bot's own event loop."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from typing import TYPE_CHECKING, Final

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from bot.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the composition root, which drains everything in order."""
        yield


REQUEST_WITHIN: Final = 10.0
"""Seconds from one look at a connection to the next; what a client has not sent whole by the second
look is not waited for. Telegram and health checks send what they have at once."""


class HttpProtocol(H11Protocol):
    """Cuts off who connects and sends nothing, half a head, or half a body.

    uvicorn ends a connection only where a request was answered and no byte followed.
    """

    request_within = REQUEST_WITHIN

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to look whether a request comes."""
        super().connection_made(transport)
        self._seen: object = None
        self._next_look = self.loop.call_later(self.request_within, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Look no more."""
        self._next_look.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        if self.transport.get_protocol() is not self:
            return  # a WebSocket now
        request = self.cycle
        is_answered = request is not None and not request.response_complete
        if request is self._seen and not (is_answered and not request.more_body):
            self.transport.abort()
            return
        self._seen = request
        self._next_look = self.loop.call_later(self.request_within, self._look)


class HttpServer:
    """Serves one ASGI app on one address until it is stopped."""

    def __init__(
        self, app: ASGIApp, host: str, port: int, *, setting: str, has_lifespan: bool = False
    ) -> None:
        """`setting` begins the names of the variables an operator changes: <setting>_PORT.

        `has_lifespan`: the app starts and stops things of its own with the server.
        """
        self._host = host
        self._port = port
        self._setting = setting
        self._server = _Server(
            uvicorn.Config(
                app,
                lifespan="on" if has_lifespan else "off",
                log_config=None,
                access_log=False,
                server_header=False,
                http=HttpProtocol,
                timeout_graceful_shutdown=3,
            )
        )
        self._task: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where it listens, with the port the system chose if 0 was asked for."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    async def start(self) -> None:
        """Listen.

        Raises:
            StartupError: the address is taken or not one of this machine's.
        """
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        # With the protocol named, asyncio turns Nagle's algorithm off on its connections.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self._host, self._port))
        except (OSError, TypeError, UnicodeError) as error:
            listener.close()
            code = getattr(error, "errno", None)
            if code in {errno.EADDRINUSE, errno.EACCES}:
                fix = f"stop what uses it, or set {self._setting}_PORT to another one"
            else:
                fix = f"set {self._setting}_HOST to an address of this machine"
            raise StartupError(
                f"Cannot listen on {self._host}:{self._port} "
                f"({getattr(error, 'strerror', None) or 'not an address'}); {fix}."
            ) from None
        self._port = listener.getsockname()[1]
        self._task = asyncio.create_task(
            self._server.serve(sockets=[listener]), name=f"http {self._setting}"
        )
        # uvicorn tells its readiness by a flag only.
        while not self._server.started and not self._task.done():  # noqa: ASYNC110
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Finish open requests and close the port."""
        if self._task is not None:
            self._server.should_exit = True
            await self._task
