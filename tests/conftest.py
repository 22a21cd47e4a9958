"""Databases and Redis for every test that asks for one.

`TEST_DATABASE_URL` (a PostgreSQL where databases may be created) and `TEST_REDIS_URL` (a Redis that
may be emptied) name servers to use instead of private ones.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import secrets
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest
import sqlalchemy as sa
from hypothesis import settings
from redis import Redis

from bot.storage import Database, upgrade
from bot.storage.models import Base
from devtools.servers import PostgresServer, RedisServer
from tests.serving import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


# No test depends on how fast a busy machine is, and none on what an earlier run has found.
settings.register_profile("shudong", deadline=None, derandomize=True, database=None)
settings.load_profile("shudong")

IN_MEMORY = Path("/dev/shm")
ENOUGH_MEMORY = 4 * 2**30
"""Bytes that have to be free there: a container often has 64 MB, a run of all tests takes 1 GB."""


def _keep_temporary_files_in_memory() -> None:
    """Have `tmp_path` lie in memory, where it can.

    A commit of SQLite waits for the disk, 7 ms on one machine where memory takes 0.1, and tests
    make tens of thousands. Memory outlives a killed process as a disk does.
    """
    if os.access(IN_MEMORY, os.W_OK) and shutil.disk_usage(IN_MEMORY).free > ENOUGH_MEMORY:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(IN_MEMORY))


_keep_temporary_files_in_memory()

SLOWEST_MODULES = (
    "test_replicas",
    "test_failures_that_clinicians_mark",
    "test_chaos",
    "test_start_failures",
    "test_jailbreaks",
    "test_run",  # of training: prepare and evaluate
)
"""Modules that take minutes; a worker runs a module to its end, so these are begun first."""
SLOW = {"benchmarks", "e2e"}
"""Folders whose tests start processes and wait for them: begun next, they do not end last."""


def pytest_configure() -> None:
    # What a shell starts in the background ignores Ctrl-C, and so would all processes of ours.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_begins)


def _begins(item: pytest.Item) -> int:
    """The place of a test in the order of the run."""
    if item.path.stem in SLOWEST_MODULES:
        return SLOWEST_MODULES.index(item.path.stem)
    return len(SLOWEST_MODULES) + SLOW.isdisjoint(item.path.parts)


class PostgresDatabases:
    """Makes databases on one PostgreSQL, and uses the migrated ones again once they are emptied."""

    def __init__(self, server_url: str) -> None:
        self._server = sa.make_url(server_url).set(drivername="postgresql")
        self._prefix = f"shudong_test_{secrets.token_hex(4)}"
        self._numbers = itertools.count()  # some tests ask from two threads at once
        self._made: list[str] = []
        self._free: list[str] = []
        self._template: str | None = None

    def url(self, name: str) -> str:
        """The address of a database."""
        return self._server.set(database=name).render_as_string(hide_password=False)

    async def migrated(self) -> str:
        """A database that has the tables and no rows; its name."""
        if self._free:
            return self._free.pop()
        if self._template is None:
            template = await self.empty()
            await _migrate(self.url(template))
            self._template = template
        return await self.empty(template=self._template)

    async def give_back(self, name: str) -> None:
        """Empty a migrated database, whoever is still connected to it."""
        await self._execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE datname = '{name}' AND pid <> pg_backend_pid()",
            # For a few rows a third of the work of TRUNCATE, which makes new files for all tables.
            "; ".join(
                f"DELETE FROM {table.name}" for table in reversed(Base.metadata.sorted_tables)
            ),
            "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'",
            database=name,
        )
        self._free.append(name)

    async def empty(self, *, template: str = "template1") -> str:
        """Make a database without tables, or with those of a `template`; its name."""
        name = f"{self._prefix}_{next(self._numbers)}"
        await self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        self._made.append(name)
        return name

    async def drop_all(self) -> None:
        """Delete every database that was made."""
        for name in self._made:
            await self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    async def _execute(self, *statements: str, database: str | None = None) -> None:
        url = self._server if database is None else self._server.set(database=database)
        connection = await asyncpg.connect(url.render_as_string(hide_password=False))
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()


async def _migrate(url: str) -> None:
    database = Database(url)
    try:
        await upgrade(database)
    finally:
        await database.aclose()


@pytest.fixture(scope="session")
def postgres_databases() -> Iterator[PostgresDatabases]:
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        databases = PostgresDatabases(given)
        yield databases
        asyncio.run(databases.drop_all())
        return
    for server in serving(PostgresServer):
        yield PostgresDatabases(server.url())


@pytest.fixture
async def postgres_url(postgres_databases: PostgresDatabases) -> AsyncIterator[str]:
    """A migrated PostgreSQL database of its own."""
    name = await postgres_databases.migrated()
    yield postgres_databases.url(name)
    await postgres_databases.give_back(name)


@pytest.fixture
async def empty_postgres_url(postgres_databases: PostgresDatabases) -> str:
    """A PostgreSQL database without tables."""
    return postgres_databases.url(await postgres_databases.empty())


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "template.db"
    asyncio.run(_migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture
def sqlite_path(sqlite_template: Path, tmp_path: Path) -> Path:
    """A migrated SQLite file of its own."""
    return shutil.copy(sqlite_template, tmp_path / "shudong.db")


@pytest.fixture
def empty_sqlite_url(tmp_path: Path) -> str:
    """The address of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'empty.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated database; the test runs once on each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{request.getfixturevalue('sqlite_path')}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest) -> str:
    """A database without tables; the test runs once on each kind."""
    kind = "sqlite" if request.param == "sqlite" else "postgres"
    url: str = request.getfixturevalue(f"empty_{kind}_url")
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open, migrated database; the test runs once on each kind."""
    opened = Database(database_url)
    yield opened
    await opened.aclose()


@pytest.fixture(scope="session")
def redis_server_url() -> Iterator[str]:
    given = os.environ.get("TEST_REDIS_URL")
    if given:
        yield given
        return
    for server in serving(RedisServer):
        yield server.url


@pytest.fixture
def redis_url(redis_server_url: str) -> str:
    """An empty Redis."""
    with Redis.from_url(redis_server_url) as redis:
        redis.flushall()
    return redis_server_url


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A running Redis that the test may kill, freeze and start again."""
    yield from serving(RedisServer)


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    """A running PostgreSQL without tables that the test may kill, freeze and start again."""
    yield from serving(PostgresServer)
