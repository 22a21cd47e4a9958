"""A bot runs with the rights that `deploy/postgres/grants.sql` gives its role, and with no more."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest
import sqlalchemy as sa

from bot.storage import generate_key, upgrade
from bot.storage.store import StorageOptions, open_database, open_storage

if TYPE_CHECKING:
    from collections.abc import Iterator

GRANTS = Path(__file__).parents[2] / "deploy/postgres/grants.sql"


async def execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture
def role(empty_postgres_url: str) -> Iterator[str]:
    """A role that may log in and nothing else."""
    name = f"shudong_bot_{secrets.token_hex(4)}"
    asyncio.run(execute(empty_postgres_url, f"CREATE ROLE {name} LOGIN PASSWORD '{name}'"))
    yield name
    asyncio.run(execute(empty_postgres_url, f"DROP OWNED BY {name}", f"DROP ROLE {name}"))


def test_the_bots_role_may_change_rows_and_no_tables(
    empty_postgres_url: str, role: str, tmp_path: Path
) -> None:
    owner = sa.make_url(empty_postgres_url)
    grants = GRANTS.read_text("utf-8").replace(':"bot"', role)
    grants = grants.replace(':"owner"', owner.username or "postgres")
    url = owner.set(username=role, password=role).render_as_string(hide_password=False)

    async def scenario() -> None:
        database = open_database(StorageOptions(tmp_path, database_url=empty_postgres_url))
        try:
            await upgrade(database)
        finally:
            await database.aclose()
        await execute(empty_postgres_url, grants)

        options = StorageOptions(tmp_path, database_url=url, keys=[generate_key()])
        storage = await open_storage(options)
        try:
            assert await storage.is_ready()
        finally:
            await storage.aclose()

        # A table of a later migration is covered, and none can be made, dropped or passed off.
        await execute(empty_postgres_url, "CREATE TABLE later (id bigserial)")
        await execute(url, "INSERT INTO later DEFAULT VALUES")
        for refused in (
            "CREATE TABLE mine (id int)",
            "DROP TABLE turns",
            "UPDATE alembic_version SET version_num = 'x'",
            "DELETE FROM schema_compatibility",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await execute(url, refused)

    asyncio.run(scenario())
