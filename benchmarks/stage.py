"""Everything a replay needs around the bot, started in order and gone afterwards."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from benchmarks.errors import BenchmarkError
from benchmarks.processes import Program
from benchmarks.telegram import Telegram
from bot.storage import StorageError, WrongKey, generate_key
from bot.storage.store import StorageOptions, open_storage
from devtools.engines.paced import MODEL as FAKE_MODEL
from devtools.processes import BotProcess, EngineProcess, Process, SandboxProcess, bare_environment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

LOCAL, FAKE = "local", "fake"


@dataclass(frozen=True, slots=True)
class Setup:
    """What the bot runs with."""

    engine: str
    """`local`, `fake`, or the address of an OpenAI-compatible server."""
    burst_window: float
    database_url: str | None = None
    redis_url: str | None = None
    more: Mapping[str, str] = field(default_factory=dict)
    """Other settings of the bot."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A sandbox and a bot that talks to it."""

    telegram: Telegram
    bot: Program
    storage: StorageOptions


def check_engine(engine: str) -> None:
    """Raise BenchmarkError if it is not what `Setup.engine` may be."""
    address = urlsplit(engine)
    if engine not in {LOCAL, FAKE} and not (
        address.scheme in {"http", "https"} and address.hostname and address.path.endswith("/v1")
    ):
        raise BenchmarkError(
            f'--engine: found "{engine}", expected {LOCAL}, {FAKE} or an http(s) address '
            "that ends in /v1."
        )


@asynccontextmanager
async def staged(setup: Setup) -> AsyncIterator[Stage]:
    """Start engine, sandbox and bot; end them whatever happens.

    Raises:
        BenchmarkError: one of them did not start; the message says which and why.
    """
    with tempfile.TemporaryDirectory(prefix="shudong-replay-") as name:
        folder = Path(name)
        programs: list[Program] = []
        try:
            storage = await prepared_storage(folder, setup.database_url, setup.redis_url)
            engine = EngineProcess(folder, log=folder / "engine.log")
            if setup.engine == FAKE:
                programs.append(Program(engine))
            sandbox = SandboxProcess(
                folder, options=("--no-seed-people",), log=folder / "sandbox.log"
            )
            programs.append(Program(sandbox))
            await asyncio.gather(*(program.start() for program in programs))
            address = engine.url if setup.engine == FAKE else setup.engine
            settings = _settings(setup, storage, sandbox, address)
            bot = Program(BotProcess(settings, folder, log=folder / "bot.log"))
            programs.append(bot)
            await bot.start()
            telegram = Telegram(sandbox.url)
            try:
                yield Stage(telegram, bot, storage)
            finally:
                await telegram.aclose()
        finally:
            await asyncio.gather(*(program.kill() for program in programs))


async def prepared_storage(
    folder: Path, database_url: str | None, redis_url: str | None
) -> StorageOptions:
    """Where the bot keeps things; a database that is named has to be empty and is migrated."""
    options = StorageOptions(
        data_dir=folder / "data",
        database_url=database_url,
        redis_url=redis_url,
        keys=(generate_key(),),
    )
    if database_url is None:
        return options
    settings = {"DATABASE_URL": database_url, "ENCRYPTION_KEYS": options.keys[0]}
    migrate = Process(["-m", "bot", "migrate"], bare_environment(settings), folder)
    migrate.launch()
    if await Program(migrate).ended() != 0:
        raise BenchmarkError(f"The database cannot be migrated: {migrate.last_line}")
    try:
        storage = await open_storage(options)
        try:
            used = await storage.inbox.last_update_id() is not None
        finally:
            await storage.aclose()
    except WrongKey:
        used = True
    except StorageError as error:
        raise BenchmarkError(f"The database cannot be used: {error}") from None
    if used:
        raise BenchmarkError("The database of --database is in use already; name an empty one.")
    return options


def _settings(
    setup: Setup, storage: StorageOptions, sandbox: SandboxProcess, address: str
) -> dict[str, str]:
    settings = {
        **sandbox.bot_settings,
        "LOG_FORMAT": "json",
        "BURST_WINDOW": str(setup.burst_window),
        "ENCRYPTION_KEYS": storage.keys[0],
        "DATABASE_URL": setup.database_url or "",
        "REDIS_URL": setup.redis_url or "",
    }
    if setup.engine != LOCAL:
        settings["LMDEPLOY_URLS"] = address
        settings["MODEL_NAME"] = FAKE_MODEL if setup.engine == FAKE else ""
        settings["MODELS_TRUSTED_AT_RISK"] = settings["MODEL_NAME"]
    return settings | dict(setup.more)
