"""Everything a run needs, started in order, each part a process that can be killed and comes back.

sqlite:    one bot that polls, its database a file
postgres:  several bots behind a load balancer that Telegram calls, PostgreSQL and Redis
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from benchmarks.chaos.balancer import Balancer
from benchmarks.chaos.shifted_bot import CLOCK_VARIABLE
from benchmarks.chaos.witness import call_witness
from benchmarks.errors import BenchmarkError
from benchmarks.processes import Bot, Program, free_port
from benchmarks.stage import new_token, prepared_storage
from benchmarks.telegram import Telegram
from devtools.engines.paced import MODEL
from devtools.servers import PostgresServer, RedisServer, ServiceMissing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from benchmarks.chaos.plan import SetupName
    from bot.storage.store import StorageOptions
    from devtools.servers import Server

RESTART_PAUSE = 1.0
"""Seconds after which a supervisor starts a bot again that ended by itself."""
WEBHOOK_SECRET = "chaos"
ENGINE_PATIENCE = {"ENGINE_FIRST_TOKEN_TIMEOUT": "4", "ENGINE_STALL_TIMEOUT": "3"}
"""An engine that hangs is to be found out sooner than in earnest: a run has minutes."""


class Mortal(Protocol):
    """What can be killed and started again."""

    async def kill(self) -> None:
        """End as a crash does."""
        ...

    async def start(self) -> None:
        """Start, and wait until it does its work."""
        ...


@dataclass(slots=True)
class Victim:
    """A part, and when it was away: from the kill until it did its work again."""

    name: str
    part: Mortal
    kills: list[float] = field(default_factory=list)
    away: list[tuple[float, float]] = field(default_factory=list)
    whole: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by whoever kills it: a part is killed again only once it is back."""

    async def suffer(self, seconds: float) -> None:
        """Be killed, and come back after some seconds."""
        async with self.whole:
            begun = time.monotonic()
            self.kills.append(begun)
            await self.part.kill()
            await asyncio.sleep(seconds)
            await self.part.start()
            self.away.append((begun, time.monotonic()))


class SupervisedBot(Bot):
    """A bot that is started again whenever it ends, as systemd or Kubernetes would."""

    def __init__(self, folder: Path, settings: Mapping[str, str], name: str) -> None:
        self.clock = folder / "clock"
        settings = {**settings, CLOCK_VARIABLE: str(self.clock)}
        super().__init__(folder, settings, name, "benchmarks.chaos.shifted_bot")
        self.ended_by_itself = 0
        self._wanted = False
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it as often as it takes: it refuses to, while its database is away."""
        self._wanted = True
        while True:
            try:
                await super().start()
            except BenchmarkError:
                await self.kill_process()
                await asyncio.sleep(RESTART_PAUSE)
            else:
                self._watch = asyncio.create_task(self._supervise())
                return

    async def kill(self) -> None:
        """End it as a crash would, for somebody else to start it again."""
        await self._leave_alone()
        await self.kill_process()

    async def kill_process(self) -> None:
        """End the process, whether somebody watches it or not."""
        await super().kill()

    async def stop(self) -> int:
        """End it in order and return its exit status."""
        await self._leave_alone()
        return await super().stop()

    async def _leave_alone(self) -> None:
        self._wanted = False
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)

    async def _supervise(self) -> None:
        await self.ended()
        if self._wanted:
            self.ended_by_itself += 1
            await asyncio.sleep(RESTART_PAUSE)
            await self.start()


class MortalServer:
    """A database server whose blocking ways are kept from the loop."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def start(self) -> None:
        """Start it."""
        await asyncio.to_thread(self._server.start)

    async def kill(self) -> None:
        """Kill it, with every process it has started."""
        await asyncio.to_thread(self._server.kill)


class MortalEngine(Program):
    """The engine with moods, always at the same address."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        module = "benchmarks.chaos.engine"
        super().__init__(folder, "engine", (module, "--port", str(self.port)), speaks=True)

    async def start(self) -> None:
        """Start it and wait until it listens."""
        await super().start()
        await self.first_line()


@dataclass(frozen=True, slots=True)
class Theatre:
    """Where a run takes place. `victims` are keyed by part; there may be several bots."""

    telegram: Telegram
    bots: list[SupervisedBot]
    victims: dict[str, list[Victim]]
    balancer: Balancer | None
    storage: StorageOptions

    def all_victims(self) -> list[Victim]:
        """Everything that can be killed."""
        return [victim for group in self.victims.values() for victim in group]


@asynccontextmanager
async def opened(setup: SetupName, replicas: int, burst_window: float) -> AsyncIterator[Theatre]:
    """Start everything; end it whatever happens.

    Raises:
        BenchmarkError: a part did not start.
    """
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shudong-chaos-")))
        token = new_token()
        sandbox = Program(
            folder,
            "sandbox",
            ("bot.sandbox", "--port", "0", "--token", token, "--no-seed-people", "--flood"),
            speaks=True,
        )
        engine = MortalEngine(folder)
        for program in (sandbox, engine):
            stack.push_async_callback(program.kill)
            await program.start()
        url = (await sandbox.first_line()).rstrip("/")
        victims: dict[str, list[Victim]] = {"engine": [Victim("engine", engine)]}
        database_url, redis_url = await _servers(setup, stack, victims)
        homes = [folder / f"bot-{number}" for number in range(replicas)]
        for home in homes:
            home.mkdir()
        storage = await prepared_storage(homes[0], database_url, redis_url)
        settings = {
            "TELEGRAM_BOT_TOKEN": token,
            "TELEGRAM_API_URL": url,
            "BURST_WINDOW": str(burst_window),
            "ENCRYPTION_KEYS": storage.keys[0],
            "DATABASE_URL": database_url or "",
            "REDIS_URL": redis_url or "",
            "LMDEPLOY_URLS": f"http://127.0.0.1:{engine.port}/v1",
            "MODEL_NAME": MODEL,
            **ENGINE_PATIENCE,
        }
        ports = [free_port() for _ in range(replicas)]
        balancer = Balancer(ports) if setup == "postgres" else None
        if balancer is not None:
            await balancer.start()
            stack.push_async_callback(balancer.stop)
            settings |= {
                "TELEGRAM_MODE": "webhook",
                "WEBHOOK_URL": f"http://127.0.0.1:{balancer.port}/telegram",
                "WEBHOOK_SECRET": WEBHOOK_SECRET,
            }
        bots = [
            SupervisedBot(home, {**settings, "HTTP_PORT": str(port)}, home.name)
            for home, port in zip(homes, ports, strict=True)
        ]
        victims["bot"] = [Victim(home.name, bot) for home, bot in zip(homes, bots, strict=True)]
        for bot in bots:
            stack.push_async_callback(bot.kill)
        await asyncio.gather(*(bot.start() for bot in bots))
        await call_witness(storage)
        telegram = Telegram(url)
        stack.push_async_callback(telegram.aclose)
        yield Theatre(telegram, bots, victims, balancer, storage)


async def _servers(
    setup: SetupName, stack: AsyncExitStack, victims: dict[str, list[Victim]]
) -> tuple[str | None, str | None]:
    """PostgreSQL and Redis where the set-up has them; their addresses."""
    if setup == "sqlite":
        return None, None
    try:
        postgres = await asyncio.to_thread(PostgresServer)
        stack.callback(postgres.remove)
        redis = RedisServer()
        stack.callback(redis.remove)
    except ServiceMissing as missing:
        raise BenchmarkError(f"The set-up needs servers that are not here: {missing}.") from None
    for name, server in (("postgres", postgres), ("redis", redis)):
        victims[name] = [Victim(name, MortalServer(server))]
        await victims[name][0].part.start()
    return postgres.url(), redis.url
