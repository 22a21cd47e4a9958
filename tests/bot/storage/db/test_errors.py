"""Databases that are full, away, locked, broken or closed to us, and what an operator reads."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from bot.storage import (
    Cipher,
    Database,
    DatabaseFull,
    DatabaseRefused,
    DatabaseUnavailable,
    StorageError,
    upgrade,
)
from bot.storage.db.database import normalize_url
from bot.storage.db.driver_errors import as_storage_error
from bot.storage.models import ConversationRow
from tests.bot.storage.conftest import Replica, WallClock

if TYPE_CHECKING:
    from pathlib import Path

    from devtools.servers import PostgresServer


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("postgres://u:p@h/d", "postgresql+asyncpg://u:***@h/d"),
        ("postgresql://u@/d?host=/run", "postgresql+asyncpg://u@/d?host=%2Frun"),
        ("postgresql+asyncpg://h/d", "postgresql+asyncpg://h/d"),
        ("postgresql://h/d?sslmode=require", "postgresql+asyncpg://h/d?ssl=require"),
        ("sqlite:///a/b.db", "sqlite+pysqlite:///a/b.db"),
        ("sqlite+aiosqlite:////a/b.db", "sqlite+pysqlite:////a/b.db"),
    ],
)
def test_addresses_are_normalized(given: str, expected: str) -> None:
    assert str(normalize_url(given)) == expected


@pytest.mark.parametrize(
    "given",
    [
        "mysql://user:geheim@host/name",
        "sqlite://",
        "sqlite:///:memory:",
        "://geheim",
        "x",
        "postgres://h/d?foo=geheim",
    ],
)
def test_other_addresses_are_refused_without_showing_them(given: str) -> None:
    with pytest.raises(DatabaseRefused, match="DATABASE_URL") as caught:
        normalize_url(given)
    assert "geheim" not in str(caught.value)


async def test_a_full_disk_takes_nothing_new_and_loses_nothing(
    sqlite_path: Path, cipher: Cipher, clock: WallClock
) -> None:
    database = Database(f"sqlite:///{sqlite_path}")
    replica = Replica(database, cipher, "replica-1", clock)
    turn_id = await replica.says(1, "说过的话", "答过的话")

    def fill_up(connection: sa.Connection) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    def make_room(connection: sa.Connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")

    await database.write(fill_up)
    with pytest.raises(DatabaseFull, match="make room"):
        await asyncio.gather(*(replica.arrives(2, bytes(1000)) for _ in range(50)))
    stored = len(await replica.inbox.list_pending(2))
    assert stored < 50
    turn = await replica.turns.get(turn_id)
    assert turn is not None
    assert turn.answer == "答过的话"

    await database.write(make_room)
    await replica.arrives(2, bytes(1000))
    assert len(await replica.inbox.list_pending(2)) == stored + 1
    await database.aclose()


async def test_a_locked_file_is_unavailable_for_now(
    sqlite_path: Path, cipher: Cipher, clock: WallClock
) -> None:
    database = Database(f"sqlite:///{sqlite_path}", busy_timeout=0.05)
    replica = Replica(database, cipher, "replica-1", clock)
    other = sqlite3.connect(sqlite_path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseUnavailable, match="another try"):
        await replica.arrives(1)
    assert await replica.inbox.list_pending(1) == []  # reading goes on
    other.execute("ROLLBACK")
    other.close()
    await replica.arrives(1)
    assert len(await replica.inbox.list_pending(1)) == 1
    await database.aclose()


async def test_a_file_that_is_no_database_says_so(tmp_path: Path) -> None:
    path = tmp_path / "shudong.db"
    path.write_text("something else entirely " * 100)
    database = Database(f"sqlite:///{path}")
    with pytest.raises(DatabaseRefused, match="not a database"):
        await database.ping()
    await database.aclose()


async def test_an_embedded_database_is_private_and_survives_power_cuts(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "shudong.db"
    database = Database(f"sqlite:///{path}")
    await upgrade(database)

    def pragmas(connection: sa.Connection) -> list[object]:
        names = ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
        return [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

    assert await database.write(pragmas) == ["wal", 1, 2, 5000]
    assert {file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == {0o600}
    await database.aclose()


async def test_a_transaction_that_raises_leaves_nothing_behind(database: Database) -> None:
    def half(connection: sa.Connection) -> None:
        connection.execute(
            sa.insert(ConversationRow), {"chat_id": 1, "started_at": WallClock()(), "revision": 0}
        )
        raise LookupError

    with pytest.raises(LookupError):
        await database.write(half)
    count = await database.read(lambda c: c.scalar(sa.select(sa.func.count(ConversationRow.id))))
    assert count == 0


async def test_the_database_itself_refuses_two_open_conversations_in_a_chat(
    database: Database,
) -> None:
    def open_one(connection: sa.Connection) -> None:
        connection.execute(
            sa.insert(ConversationRow), {"chat_id": 1, "started_at": WallClock()(), "revision": 0}
        )

    await database.write(open_one)
    with pytest.raises(StorageError) as caught:
        await database.write(open_one)
    assert "INSERT" not in str(caught.value)


async def test_a_postgres_that_dies_is_unavailable_until_it_is_back(
    own_postgres: PostgresServer, cipher: Cipher, clock: WallClock
) -> None:
    database = Database(own_postgres.url(), busy_timeout=2)
    await upgrade(database)
    replica = Replica(database, cipher, "replica-1", clock)
    turn_id = await replica.says(1, "说过的话", "答过的话")
    own_postgres.kill()
    with pytest.raises(DatabaseUnavailable):
        await replica.arrives(2)
    with pytest.raises(DatabaseUnavailable):
        await database.ping()
    own_postgres.start()
    await replica.arrives(2)
    turn = await replica.turns.get(turn_id)
    assert turn is not None
    assert turn.answer == "答过的话"
    await database.aclose()


async def test_a_postgres_database_that_does_not_exist_is_refused(postgres_url: str) -> None:
    url = sa.make_url(postgres_url).set(database="nowhere", username="postgres")
    database = Database(url.render_as_string(hide_password=False))
    with pytest.raises(DatabaseRefused, match="DATABASE_URL"):
        await database.ping()
    await database.aclose()


async def test_nobody_at_the_address_is_unavailable_and_shows_no_password(tmp_path: Path) -> None:
    database = Database(f"postgresql://user:geheim@/name?host={tmp_path}", busy_timeout=1)
    with pytest.raises(DatabaseUnavailable, match="check that it runs") as caught:
        await database.ping()
    assert "geheim" not in f"{caught.value}{caught.value.__cause__}"
    await database.aclose()


@pytest.mark.parametrize(
    ("sqlstate", "expected"),
    [
        ("53100", DatabaseFull),
        ("53300", DatabaseUnavailable),
        ("57P01", DatabaseUnavailable),
        ("40P01", DatabaseUnavailable),
        ("08006", DatabaseUnavailable),
        ("28P01", DatabaseRefused),
        ("3D000", DatabaseRefused),
        ("42601", StorageError),
    ],
)
def test_what_postgres_reports_has_a_name(sqlstate: str, expected: type[StorageError]) -> None:
    class Reported(Exception):
        pass

    cause = Reported("a detail that may quote a row")
    cause.sqlstate = sqlstate  # type: ignore[attr-defined]
    error = as_storage_error(sa.exc.DBAPIError("SELECT 1", {}, cause))
    assert type(error) is expected
    assert "quote" not in str(error)
    assert sqlstate in str(error)
