"""What things are kept in: the database, its keys, its clock, Redis."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Final

from bot.app import storage_options
from bot.commands.doctor.verdict import fail, ok, warn
from bot.commands.opened import name_of, require_existing, require_keys
from bot.errors import StartupError
from bot.storage import (
    DatabaseClock,
    LeaseOwner,
    Readiness,
    SchemaStatus,
    Statistics,
    StorageError,
    check_schema,
    schema_status,
    utc_now,
    verify_keys,
)
from bot.storage.store import is_redis_well, open_database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.commands.doctor.verdict import Verdict
    from bot.settings import Settings
    from bot.storage import Database
    from bot.storage.store import StorageOptions

CLOCK_WITHIN: Final = timedelta(seconds=5)


async def look_at_storage(settings: Settings) -> AsyncIterator[Verdict]:
    """Database, keys, clock and Redis."""
    options = storage_options(settings)
    try:
        require_existing(options)
    except StartupError as missing:
        yield warn("database", str(missing), "start the bot once, which makes it")
    else:
        database = open_database(options)
        try:
            async for verdict in _look_at_database(database, options):
                yield verdict
        finally:
            await database.aclose()
    if settings.redis_url is None:
        yield ok("Redis", "not used: one process keeps recent turns itself")
    elif await is_redis_well(settings.redis_url.get_secret_value()):
        yield ok("Redis", "answers")
    else:
        yield warn("Redis", "does not answer; recent turns are read from SQL", "see that it runs")


async def _look_at_database(database: Database, options: StorageOptions) -> AsyncIterator[Verdict]:
    name = name_of(options)
    try:
        status = await schema_status(database)
        await check_schema(database)
    except StorageError as error:
        fix = "see the sentence" if status_is_known(error) else "see that it runs"
        yield fail("database", f"{name}: {error}", fix)
        return
    if status is SchemaStatus.NEWER:
        yield warn("database", f"{name} is of a newer program", "update this one soon")
    owner = LeaseOwner(id="doctor", clock=utc_now)
    if await Readiness(database, owner).check():
        yield ok("database", f"{name}: a message would be kept, begun and ended")
    else:
        yield fail(
            "database",
            f"{name}: a message could not be kept",
            "see messages_cannot_be_kept above; grant the rights (docs/deploy.md)",
        )
    try:
        await verify_keys(database, require_keys(options))
        yield ok("keys", "fit everything that is stored")
    except (StorageError, StartupError) as error:
        yield fail("keys", str(error), "bring the key back before anything is written")
    if database.dialect == "postgresql":
        yield await _look_at_clock(database)
    waiting = (await Statistics(database, utc_now).backlog()).oldest_unanswered
    if waiting is not None and utc_now() - waiting > timedelta(minutes=5):
        minutes = (utc_now() - waiting).total_seconds() / 60
        yield fail(
            "progress",
            f"a message has waited for {minutes:.0f} minutes",
            "look at /readyz and the log of the bot",
        )
    else:
        yield ok("progress", "no message has waited for five minutes")


def status_is_known(error: StorageError) -> bool:
    """Whether the database answered, and its tables are the matter."""
    return type(error).__name__.startswith("Schema")


async def _look_at_clock(database: Database) -> Verdict:
    clock = DatabaseClock(database)
    await clock.read()
    apart = abs(clock() - utc_now().astimezone(UTC))
    if apart > CLOCK_WITHIN:
        return warn(
            "clock",
            f"this machine's is {apart.total_seconds():.0f} s from the database's",
            "set it by NTP (timedatectl set-ntp true)",
        )
    return ok("clock", f"{apart.total_seconds():.1f} s from the database's")
