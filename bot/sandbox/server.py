"""The sandbox as a whole: its parts put together behind one loopback port."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from typing import TYPE_CHECKING

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import RedirectResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from bot.sandbox.botapi import BotApi
from bot.sandbox.calls import CallLog
from bot.sandbox.connections import ResettableProtocol
from bot.sandbox.control import Control
from bot.sandbox.errors import SandboxError
from bot.sandbox.faults import Faults
from bot.sandbox.flood import FloodControl, FloodLimits
from bot.sandbox.guard import LoopbackOnly
from bot.sandbox.inspection import Inspection
from bot.sandbox.methods import Api
from bot.sandbox.model import BotIdentity, Clock
from bot.sandbox.offer import OfferRoutes
from bot.sandbox.people import ADMIN_ID, People
from bot.sandbox.store import FileStore, MemoryStore, StoreCipher
from bot.sandbox.webhook import WebhookSender
from bot.sandbox.world import World

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator
    from pathlib import Path

    from starlette.requests import Request
    from starlette.responses import Response

    from bot.sandbox.offer import ModelOffer

_START_SECONDS = 10


class Sandbox:
    """A local Telegram.

    Args:
        host: a loopback address.
        port: 0 picks a free one.
        token: the bot's, "<number>:<letters>"; the number becomes the bot's id.
        data_dir: where to keep the world; None keeps nothing.
        cipher: encrypts what is kept; needed with `data_dir`.
        flood: Telegram's flood control; None lets everything through.
        offer: a better model for the bot, which the page offers.
        seed: begin a new world with a few people and a group.
        clock: where time comes from.
        sleep: waits between two tries of a webhook, in seconds.
    """

    def __init__(
        self,
        host: str,
        port: int,
        token: str,
        data_dir: Path | None = None,
        cipher: StoreCipher | None = None,
        *,
        flood: FloodLimits | None = None,
        offer: ModelOffer | None = None,
        seed: bool = True,
        clock: Clock | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        bot_name: str = "树洞",
        bot_username: str = "shudong_bot",
    ) -> None:
        if not _is_loopback(host):
            raise SandboxError(f"The sandbox listens on loopback only, not on {host}.")
        number, colon, secret = token.partition(":")
        if not (number.isascii() and number.isdigit() and colon and secret):
            raise SandboxError("The sandbox's bot token must look like 123456:letters.")
        if data_dir is not None and cipher is None:
            raise SandboxError(
                "A sandbox with a data directory needs a key: chat text is encrypted."
            )
        self._host = host
        self._port = port
        self._seed = seed
        self._offer = offer
        self.token = token
        clock = clock or Clock()
        store = FileStore(data_dir, cipher) if data_dir and cipher else MemoryStore()
        bot = BotIdentity(int(number), bot_username, bot_name)
        self.world = World(bot, store, clock)
        self.people = People(self.world)
        self.faults = Faults()
        self.flood = FloodControl(clock, flood)
        self.calls = CallLog(clock)
        self.webhook = WebhookSender(self.world, sleep)
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None

    @property
    def admin_id(self) -> int:
        """The person of a new world who is the bot's admin."""
        return ADMIN_ID

    @property
    def url(self) -> str:
        """Address of the chat page, such as http://127.0.0.1:8081."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    @property
    def base_url(self) -> str:
        """What python-telegram-bot calls `base_url`."""
        return f"{self.url}/bot"

    @property
    def base_file_url(self) -> str:
        """What python-telegram-bot calls `base_file_url`."""
        return f"{self.url}/file/bot"

    async def start(self) -> str:
        """Load the world and listen; returns `url`.

        Raises:
            SandboxError: the port is taken, or the data cannot be read.
        """
        listener = self._bind()
        try:
            await self.world.load()
        except SandboxError:
            listener.close()
            await self.world.store.close()
            raise
        if self._seed:
            self.people.seed()
        await self.world.store.flush()
        self.webhook.restore()
        self._server = _Server(
            uvicorn.Config(
                self._app(),
                http=ResettableProtocol,
                ws="none",
                lifespan="off",
                access_log=False,
                log_config=None,
                server_header=False,
                timeout_graceful_shutdown=2,
            )
        )
        self._serving = asyncio.create_task(
            self._server.serve(sockets=[listener]), name="sandbox-server"
        )
        async with asyncio.timeout(_START_SECONDS):
            await self._server.listening.wait()
        return self.url

    async def stop(self) -> None:
        """Answer what can be answered, end the event streams, write everything."""
        await self.webhook.stop()
        self.world.hub.close()
        self.world.updates.stop()
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await self._serving
            self._server = None
        await self.world.store.close()

    def _bind(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        # With the protocol named, asyncio switches Nagle's algorithm off: 40 ms a call.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((self._host, self._port))
        except OSError as error:
            listener.close()
            raise SandboxError(
                f"The sandbox cannot listen on {self._host}:{self._port}: {error.strerror}. "
                "Choose another port or stop what uses it."
            ) from error
        self._port = listener.getsockname()[1]
        return listener

    def _app(self) -> Starlette:
        api = Api(self.world, self.webhook)
        bots = BotApi(api, self.token, self.faults, self.flood, self.calls)
        control = Control(self.world, self.people)
        offer = OfferRoutes(self.world, self._offer)
        inspection = Inspection(self.world, self.faults, self.flood, self.calls)
        page = StaticFiles(packages=[("bot.sandbox", "page")], html=True)
        return Starlette(
            routes=[
                *bots.routes(),
                *control.routes(),
                *inspection.routes(),
                *offer.routes(),
                Route("/favicon.ico", _icon),
                Mount("/", page),
            ],
            middleware=[Middleware(LoopbackOnly)],
        )


class _Server(uvicorn.Server):
    """uvicorn that leaves the process's signals alone and says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Signals belong to the program around the sandbox."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen."""
        await super().startup(sockets)
        self.listening.set()


async def _icon(request: Request) -> Response:  # noqa: ARG001
    return RedirectResponse("/icon.svg")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
