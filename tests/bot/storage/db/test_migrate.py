from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import main as alembic
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import migrations
from bot.storage import (
    Database,
    SchemaAhead,
    SchemaBehind,
    SchemaStatus,
    check_schema,
    schema_status,
    upgrade,
)
from bot.storage.models import Base

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOT = Path(migrations.__file__).parents[1]


@pytest.fixture
async def empty(empty_database_url: str) -> AsyncIterator[Database]:
    database = Database(empty_database_url)
    yield database
    await database.aclose()


def _set_revision(connection: sa.Connection, revision: str) -> None:
    connection.execute(sa.text("UPDATE alembic_version SET version_num = :r"), {"r": revision})


def _set_oldest_compatible(connection: sa.Connection, revision: str) -> None:
    connection.execute(
        sa.text("UPDATE schema_compatibility SET oldest_revision = :r"), {"r": revision}
    )


def test_the_list_of_revisions_is_the_one_of_the_files() -> None:
    scripts = ScriptDirectory(str(ROOT / "migrations"))
    assert tuple(s.revision for s in reversed(list(scripts.walk_revisions()))) == (
        migrations.REVISIONS
    )


async def test_migrations_build_what_the_models_say(database: Database) -> None:
    def differences(connection: sa.Connection) -> list[object]:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        return list(compare_metadata(context, Base.metadata))

    assert await database.read(differences) == []


async def test_migrations_and_models_have_the_same_conditions_on_indexes(empty: Database) -> None:
    def conditions(connection: sa.Connection) -> dict[str, str]:
        option = f"{connection.dialect.name}_where"
        inspector = sa.inspect(connection)
        return {
            str(index["name"]): str(index["dialect_options"][option])
            for table in Base.metadata.tables
            for index in inspector.get_indexes(table)
            if index.get("dialect_options", {}).get(option) is not None
        }

    await upgrade(empty)
    migrated = await empty.read(conditions)
    assert set(migrated) == {
        "uq_conversations_open_chat",
        "uq_handovers_live_user",
        "uq_handovers_taken_admin",
        "uq_turns_unfinished_chat",
    }
    await empty.write(Base.metadata.drop_all)
    await empty.write(Base.metadata.create_all)
    assert await empty.read(conditions) == migrated


async def test_an_empty_database_is_behind_until_it_is_migrated(empty: Database) -> None:
    assert await schema_status(empty) is SchemaStatus.EMPTY
    with pytest.raises(SchemaBehind, match="no tables yet; run `python -m bot migrate`"):
        await check_schema(empty)
    await upgrade(empty)
    await check_schema(empty)
    await upgrade(empty)  # again is a no-op
    assert await schema_status(empty) is SchemaStatus.CURRENT


async def test_an_older_database_is_behind(
    empty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await upgrade(empty)
    monkeypatch.setattr(migrations, "REVISIONS", (*migrations.REVISIONS, "9999"))
    with pytest.raises(SchemaBehind, match="older than this program"):
        await check_schema(empty)


async def test_a_newer_database_that_is_fit_for_this_program_is_used_and_not_touched(
    empty: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    await upgrade(empty)
    await empty.write(_set_revision, "9999")
    assert await schema_status(empty) is SchemaStatus.NEWER
    await check_schema(empty)
    assert "schema_newer" in capsys.readouterr().out
    await upgrade(empty)
    assert await schema_status(empty) is SchemaStatus.NEWER


async def test_a_database_of_a_newer_program_is_left_alone(empty: Database) -> None:
    await upgrade(empty)
    await empty.write(_set_revision, "9999")
    await empty.write(_set_oldest_compatible, "9998")
    with pytest.raises(SchemaAhead, match="newer program"):
        await check_schema(empty)
    with pytest.raises(SchemaAhead):
        await upgrade(empty)


async def test_replicas_may_migrate_at_the_same_time(empty_database_url: str) -> None:
    replicas = [Database(empty_database_url) for _ in range(3)]
    await asyncio.gather(*(upgrade(replica) for replica in replicas))
    for replica in replicas:
        await check_schema(replica)
        await replica.aclose()


def test_alembics_own_command_works_on_database_url(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'cli.db'}")
    monkeypatch.chdir(tmp_path)
    configuration = ["-c", str(ROOT / "migrations/alembic.ini")]
    for command in (["upgrade", "head"], ["check"], ["downgrade", "base"], ["upgrade", "head"]):
        alembic([*configuration, *command])
    with closing(sqlite3.connect(tmp_path / "cli.db")) as file:
        tables = {name for (name,) in file.execute("SELECT name FROM sqlite_master")}
    assert {"turns", "updates"} <= tables
