"""Readiness goes the whole way of a message, and not for everybody who asks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import asyncpg
import pytest
import sqlalchemy as sa

from bot.storage import Database, LeaseOwner, utc_now
from bot.storage.models import Base
from bot.storage.readiness import HOLDS_FOR, Readiness

if TYPE_CHECKING:
    from collections.abc import Callable

OWNER = LeaseOwner(id="tester", clock=utc_now)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class CountedDatabase:
    """A database that counts, and that can be full."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.asked = 0

    async def write(self, operation: Callable[..., object], *args: object) -> object:
        self.asked += 1
        return await self._database.write(operation, *args)


async def test_a_flood_of_questions_asks_the_database_once_in_a_while(database: Database) -> None:
    counted, clock = CountedDatabase(database), Clock()
    readiness = Readiness(counted, OWNER, clock=clock)  # type: ignore[arg-type]
    assert all(await asyncio.gather(*(readiness.check() for _ in range(50))))
    assert counted.asked == 1
    clock.now += HOLDS_FOR
    assert all(await asyncio.gather(*(readiness.check() for _ in range(50))))
    assert counted.asked == 2


async def rows(database: Database) -> dict[str, int]:
    def count(connection: sa.Connection) -> dict[str, int]:
        return {
            table.name: connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
            if table.name != "schema_compatibility"  # written by migrations, and never here
        }

    return await database.read(count)


async def test_trying_leaves_nothing_of_the_made_up_message(database: Database) -> None:
    clock = Clock()
    readiness = Readiness(database, OWNER, clock=clock)
    for _ in range(3):
        assert await readiness.check()
        clock.now += HOLDS_FOR
    left = {name for name, count in (await rows(database)).items() if count}
    assert left - {"schema_compatibility"} == {"jobs"}


@pytest.mark.parametrize("table", ["turns", "updates", "users", "conversations", "crisis_cards"])
async def test_a_broken_table_on_the_way_is_noticed_and_its_mending_too(
    database: Database, table: str
) -> None:
    clock = Clock()
    readiness = Readiness(database, OWNER, clock=clock)
    assert await readiness.check()
    rename = 'ALTER TABLE "{}" RENAME TO "{}"'
    await database.write(lambda c: c.execute(sa.text(rename.format(table, "away"))))
    assert await readiness.check()  # as it was found a moment ago
    clock.now += HOLDS_FOR
    assert not await readiness.check()
    await database.write(lambda c: c.execute(sa.text(rename.format("away", table))))
    assert not await readiness.check()
    clock.now += HOLDS_FOR
    assert await readiness.check()


@pytest.mark.parametrize(
    ("right", "table"),
    [("INSERT", "turns"), ("UPDATE", "updates"), ("DELETE", "risk"), ("INSERT", "jobs")],
)
async def test_a_right_that_was_taken_away_is_noticed(
    postgres_url: str, right: str, table: str
) -> None:
    admin = await asyncpg.connect(postgres_url.replace("+asyncpg", ""))
    url = sa.make_url(postgres_url).set(username="bot_of_least_rights", password="x")
    try:
        await admin.execute("DROP ROLE IF EXISTS bot_of_least_rights")
        await admin.execute("CREATE ROLE bot_of_least_rights LOGIN PASSWORD 'x'")
        await admin.execute(
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public "
            "TO bot_of_least_rights"
        )
        await admin.execute("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO bot_of_least_rights")
        least = Database(url.render_as_string(hide_password=False))
        try:
            assert await Readiness(least, OWNER).check()
            await admin.execute(f"REVOKE {right} ON {table} FROM bot_of_least_rights")
            assert not await Readiness(least, OWNER).check()
        finally:
            await least.aclose()
    finally:
        await admin.execute("DROP OWNED BY bot_of_least_rights")
        await admin.execute("DROP ROLE bot_of_least_rights")
        await admin.close()
