"""Everything a replay needs around the bot, started in order and gone afterwards."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.errors import BenchmarkError
from benchmarks.processes import Bot, Program
from benchmarks.telegram import Telegram
from bot.storage import StorageError, WrongKey, generate_key
from bot.storage.store import StorageOptions, open_storage
from devtools.engines.paced import MODEL as FAKE_MODEL

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
    sandbox: Program
    bot: Bot
    engine: Program | None
    storage: StorageOptions


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
            engine = await _fake_engine(folder, programs) if setup.engine == FAKE else None
            token = new_token()
            sandbox = Program(
                folder,
                "sandbox",
                ("bot.sandbox", "--port", "0", "--token", token, "--no-seed-people"),
                speaks=True,
            )
            programs.append(sandbox)
            await sandbox.start()
            url = (await sandbox.first_line()).rstrip("/")
            address = await engine.first_line() if engine is not None else setup.engine
            bot = Bot(folder, _settings(setup, storage, url, token, address))
            programs.append(bot)
            await bot.start()
            telegram = Telegram(url)
            try:
                yield Stage(telegram, sandbox, bot, engine, storage)
            finally:
                await telegram.aclose()
        finally:
            await asyncio.gather(*(program.kill() for program in programs))


async def _fake_engine(folder: Path, programs: list[Program]) -> Program:
    engine = Program(folder, "engine", ("devtools.engines.paced",), speaks=True)
    programs.append(engine)
    await engine.start()
    return engine


def new_token() -> str:
    """A bot's token as @BotFather makes them."""
    return f"{secrets.randbelow(10**9) + 10**9}:{secrets.token_urlsafe(24)}"


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
    migrate = Program(
        folder,
        "migrate",
        ("bot", "migrate"),
        {"DATABASE_URL": database_url, "ENCRYPTION_KEYS": options.keys[0]},
    )
    await migrate.start()
    if await migrate.ended() != 0:
        raise BenchmarkError(f"The database cannot be migrated: {migrate.last_words()}")
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
    setup: Setup, storage: StorageOptions, url: str, token: str, address: str
) -> dict[str, str]:
    settings = {
        "TELEGRAM_BOT_TOKEN": token,
        "TELEGRAM_API_URL": url,
        "BURST_WINDOW": str(setup.burst_window),
        "ENCRYPTION_KEYS": storage.keys[0],
        "DATABASE_URL": setup.database_url or "",
        "REDIS_URL": setup.redis_url or "",
    }
    if setup.engine != LOCAL:
        settings["LMDEPLOY_URLS"] = address
        settings["MODEL_NAME"] = FAKE_MODEL if setup.engine == FAKE else ""
    return settings | dict(setup.more)
