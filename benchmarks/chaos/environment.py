"""Everything a run needs, started in order; each part is a process that is killed and comes back.

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

from benchmarks.chaos.shifted_bot import CLOCK_VARIABLE
from benchmarks.chaos.stored_ids import record_stored_ids
from benchmarks.errors import BenchmarkError
from benchmarks.processes import Program
from benchmarks.stage import prepared_storage
from benchmarks.telegram import Telegram
from devtools.balancer import Balancer
from devtools.engines.paced import MODEL
from devtools.processes import BotProcess, EngineProcess, SandboxProcess, free_port
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


class Killable(Protocol):
    """What can be killed and started again."""

    async def kill(self) -> None:
        """End as a crash does."""
        ...

    async def start(self) -> None:
        """Start, and wait until it does its work."""
        ...


@dataclass(slots=True)
class Target:
    """A part, and when it was away: from the kill until it did its work again."""

    name: str
    part: Killable
    kills: list[float] = field(default_factory=list)
    away: list[tuple[float, float]] = field(default_factory=list)
    whole: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while it is killed and started: a part is killed again only once it is back."""

    async def suffer(self, seconds: float) -> None:
        """Be killed, and come back after some seconds."""
        async with self.whole:
            begun = time.monotonic()
            self.kills.append(begun)
            await self.part.kill()
            await asyncio.sleep(seconds)
            await self.part.start()
            self.away.append((begun, time.monotonic()))


class SupervisedBot(Program):
    """A bot that is started again whenever it ends, as systemd or Kubernetes would."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.clock = folder / "clock"
        self.log = folder / f"{folder.name}.log"
        settings = {**settings, CLOCK_VARIABLE: str(self.clock)}
        module = "benchmarks.chaos.shifted_bot"
        super().__init__(BotProcess(settings, folder, module=module, log=self.log))
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
        """End it as a crash would, for the caller to start it again."""
        await self._leave_alone()
        await self.kill_process()

    async def kill_process(self) -> None:
        """End the process, watched or not."""
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


class KillableServer:
    """A database server, started and killed without holding the event loop."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def start(self) -> None:
        """Start it."""
        await asyncio.to_thread(self._server.start)

    async def kill(self) -> None:
        """Kill it, with every process it has started."""
        await asyncio.to_thread(self._server.kill)


@dataclass(frozen=True, slots=True)
class Environment:
    """Where a run takes place. `targets` are keyed by part; there may be several bots."""

    telegram: Telegram
    bots: list[SupervisedBot]
    targets: dict[str, list[Target]]
    balancer: Balancer | None
    storage: StorageOptions

    def all_targets(self) -> list[Target]:
        """Everything that can be killed."""
        return [target for group in self.targets.values() for target in group]


@asynccontextmanager
async def started(
    setup: SetupName, replicas: int, burst_window: float
) -> AsyncIterator[Environment]:
    """Start everything; end it whatever happens.

    Raises:
        BenchmarkError: a part did not start.
    """
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shudong-chaos-")))
        sandbox = SandboxProcess(
            folder, options=("--no-seed-people", "--flood"), log=folder / "sandbox.log"
        )
        engine = EngineProcess(folder, module="benchmarks.chaos.engine", log=folder / "engine.log")
        programs = Program(sandbox), Program(engine)
        for program in programs:
            stack.push_async_callback(program.kill)
            await program.start()
        targets: dict[str, list[Target]] = {"engine": [Target("engine", programs[1])]}
        database_url, redis_url = await _servers(setup, stack, targets)
        homes = [folder / f"bot-{number}" for number in range(replicas)]
        for home in homes:
            home.mkdir()
        storage = await prepared_storage(homes[0], database_url, redis_url)
        settings = {
            **sandbox.bot_settings,
            "LOG_FORMAT": "json",
            "BURST_WINDOW": str(burst_window),
            "ENCRYPTION_KEYS": storage.keys[0],
            "DATABASE_URL": database_url or "",
            "REDIS_URL": redis_url or "",
            "LMDEPLOY_URLS": engine.url,
            "MODEL_NAME": MODEL,
            "MODELS_TRUSTED_AT_RISK": MODEL,
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
            SupervisedBot(home, {**settings, "HTTP_PORT": str(port)})
            for home, port in zip(homes, ports, strict=True)
        ]
        targets["bot"] = [Target(home.name, bot) for home, bot in zip(homes, bots, strict=True)]
        for bot in bots:
            stack.push_async_callback(bot.kill)
        await asyncio.gather(*(bot.start() for bot in bots))
        await record_stored_ids(storage)
        telegram = Telegram(sandbox.url)
        stack.push_async_callback(telegram.aclose)
        yield Environment(telegram, bots, targets, balancer, storage)


async def _servers(
    setup: SetupName, stack: AsyncExitStack, targets: dict[str, list[Target]]
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
        targets[name] = [Target(name, KillableServer(server))]
        await targets[name][0].part.start()
    return postgres.url(), redis.url
