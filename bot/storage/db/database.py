"""The way to the database: two drivers behind one call, each call one transaction.

All SQL of the project is written as plain functions over a SQLAlchemy `Connection`; `Database.read`
and `Database.write` run such a function as one transaction and no connection leaves this module.

On PostgreSQL the function runs on asyncpg through SQLAlchemy's asyncio extension. On SQLite it runs
in a thread of its own on the standard driver: that takes one hop between threads a transaction
where aiosqlite takes one for every statement, cursor and fetch (measured with four statements:
0.8 ms of CPU instead of 1.8), and a transaction whose caller is cancelled still ends whole.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, Final, Literal, ParamSpec, Protocol, TypeVar
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from bot import metrics
from bot.storage.db.driver_errors import as_storage_error, is_stale_session
from bot.storage.db.errors import DatabaseRefused

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from sqlalchemy import AdaptedConnection

P = ParamSpec("P")
T = TypeVar("T")
DialectName = Literal["sqlite", "postgresql"]

_SECONDS: Final = {
    True: metrics.STORAGE_SECONDS.labels("write"),
    False: metrics.STORAGE_SECONDS.labels("read"),
}

_SQLITE_PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA foreign_keys = ON",
    # WAL with NORMAL may forget the last commits when the power is cut, and a commit is what lets
    # us tell Telegram that a message has arrived: FULL waits until it is on the disk.
    "PRAGMA synchronous = FULL",
    "PRAGMA secure_delete = ON",
)


POOL_SIZE: Final = 8
POOL_OVERFLOW: Final = 8
"""Connections to PostgreSQL that stay open, and more that are opened when there is much to do."""


def normalize_url(url: str) -> sa.URL:
    """Read `DATABASE_URL`: sqlite, postgres and postgresql addresses, whatever driver they name.

    Raises `DatabaseRefused` for anything else; the message never repeats the address.
    """
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        raise DatabaseRefused(
            "DATABASE_URL is not an address; expected postgresql://user:password@host/name "
            "or sqlite:///path."
        ) from None
    match parsed.get_backend_name():
        case "sqlite" if parsed.database and parsed.database != ":memory:":
            return parsed.set(drivername="sqlite+pysqlite")
        case "postgres" | "postgresql":
            return _for_asyncpg(parsed)
    raise DatabaseRefused(
        f"DATABASE_URL names {parsed.drivername!r}; expected postgresql://user:password@host/name "
        "or sqlite:///path of a file."
    )


def _for_asyncpg(url: sa.URL) -> sa.URL:
    """Take the options that hosters write into addresses; refuse others.

    `pgbouncer=true` names a pooler by transaction: each transaction may meet another server, which
    knows no statement that was prepared before.
    """
    query = {"ssl" if key == "sslmode" else key: value for key, value in url.query.items()}
    if str(query.pop("pgbouncer", "false")).lower() == "true":
        query["prepared_statement_cache_size"] = "0"
    if unknown := query.keys() - {"ssl", "host", "port", "prepared_statement_cache_size"}:
        raise DatabaseRefused(
            f"DATABASE_URL has the option {min(unknown)!r}; leave it out "
            "(sslmode, host, port and pgbouncer are taken)."
        )
    return url.set(drivername="postgresql+asyncpg", query=query)


class _Driver(Protocol):
    async def run(
        self,
        operation: Callable[Concatenate[sa.Connection, P], T],
        writes: bool,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T: ...

    async def truncate_log(self) -> bool: ...

    def pool_usage(self) -> tuple[int, int]: ...

    async def aclose(self) -> None: ...


class Database:
    """A database that runs operations, each in one transaction.

    Every failure comes out as a `StorageError`. A cancelled call may or may not have taken effect;
    whatever it did it did whole.
    """

    def __init__(
        self, url: str, *, busy_timeout: float = 5.0, executor: Executor | None = None
    ) -> None:
        """Name the database; nothing is asked of it yet.

        Args:
            url: as in `DATABASE_URL`.
            busy_timeout: seconds to wait for a lock (SQLite) or a free connection (PostgreSQL).
            executor: runs SQLite's transactions; None: threads of their own. It stays the caller's.
        """
        self.url: Final = normalize_url(url)
        self.dialect: Final[DialectName] = (
            "sqlite" if self.url.get_backend_name() == "sqlite" else "postgresql"
        )
        self._driver: _Driver = (
            _Sqlite(self.url, busy_timeout, executor)
            if self.dialect == "sqlite"
            else _Postgres(self.url, busy_timeout)
        )

    @property
    def is_pooled(self) -> bool:
        """Whether a pooler by transaction stands before it (`pgbouncer=true` in the address)."""
        return self.url.query.get("prepared_statement_cache_size") == "0"

    async def read(
        self,
        operation: Callable[Concatenate[sa.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run an operation that changes nothing."""
        return await self._run(operation, False, *args, **kwargs)

    async def write(
        self,
        operation: Callable[Concatenate[sa.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run an operation and commit it, or, if it raises, undo it."""
        return await self._run(operation, True, *args, **kwargs)

    async def _run(
        self,
        operation: Callable[Concatenate[sa.Connection, P], T],
        writes: bool,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        began_at = time.perf_counter()
        try:
            return await self._driver.run(operation, writes, *args, **kwargs)
        except (sa.exc.SQLAlchemyError, OSError, TimeoutError) as error:
            found = as_storage_error(error)
            metrics.STORAGE_ERRORS.labels(type(found).__name__).inc()
            raise found from error
        finally:
            _SECONDS[writes].observe(time.perf_counter() - began_at)

    async def truncate_log(self) -> bool:
        """Fold SQLite's write-ahead log into the file and cut it to nothing; whether that worked.

        What was deleted stands in the log until then. PostgreSQL recycles its log by itself.
        """
        try:
            return await self._driver.truncate_log()
        except (sa.exc.SQLAlchemyError, sqlite3.Error, OSError, TimeoutError) as error:
            raise as_storage_error(error) from error

    def pool_usage(self) -> tuple[int, int]:
        """How many connections are in use, and how many there may be."""
        return self._driver.pool_usage()

    async def ping(self) -> None:
        """Ask the database for a sign of life. Raises `DatabaseUnavailable` or another error."""
        await self.read(_ping)

    async def aclose(self) -> None:
        """Let running transactions end and close every connection."""
        await self._driver.aclose()


class _Sqlite:
    """One connection that writes and one that reads, each in a thread of its own.

    SQLite lets one writer in at a time: queueing in a thread costs nothing, queueing at its lock
    means polling. In WAL mode the reader does not wait for the writer.
    """

    def __init__(self, url: sa.URL, busy_timeout: float, executor: Executor | None) -> None:
        _make_private(Path(url.database or ""))
        self._threads = {
            True: _SqliteThread(url, busy_timeout, "BEGIN IMMEDIATE", "database-writer", executor),
            False: _SqliteThread(url, busy_timeout, "BEGIN", "database-reader", executor),
        }

    async def run(
        self,
        operation: Callable[Concatenate[sa.Connection, P], T],
        writes: bool,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        thread = self._threads[writes]
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            thread.executor, lambda: thread.transact(operation, *args, **kwargs)
        )

    async def truncate_log(self) -> bool:
        thread = self._threads[True]
        return await asyncio.get_running_loop().run_in_executor(
            thread.executor, thread.truncate_log
        )

    def pool_usage(self) -> tuple[int, int]:
        # Transactions wait in the queues of the two threads, not for connections.
        return 0, len(self._threads)

    async def aclose(self) -> None:
        # The reader first: the last connection to close folds the log into the file, and only the
        # writer may do that.
        for thread in reversed(self._threads.values()):
            await asyncio.to_thread(thread.close)


class _SqliteThread:
    def __init__(
        self, url: sa.URL, busy_timeout: float, begin: str, name: str, executor: Executor | None
    ) -> None:
        self._owns_executor = executor is None
        self.executor: Final = executor or ThreadPoolExecutor(
            max_workers=1, thread_name_prefix=name
        )
        self._engine = sa.create_engine(
            url,
            pool_size=1,
            max_overflow=0,
            hide_parameters=True,
            connect_args={"timeout": busy_timeout},
        )
        sa.event.listen(self._engine, "connect", _prepare_sqlite)
        sa.event.listen(self._engine, "begin", lambda connection: _begin(connection, begin))

    def transact(
        self,
        operation: Callable[Concatenate[sa.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        with self._engine.begin() as connection:
            return operation(connection, *args, **kwargs)

    def truncate_log(self) -> bool:
        # Not within a transaction, which `Engine.begin` would open.
        connection = self._engine.raw_connection()
        try:
            cursor = connection.cursor()
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            row = cursor.fetchone()
            cursor.close()
        finally:
            connection.close()
        return row is not None and row[0] == 0

    def close(self) -> None:
        if self._owns_executor:
            self.executor.shutdown(wait=True)
        self._engine.dispose()


class _Postgres:
    def __init__(self, url: sa.URL, busy_timeout: float) -> None:
        self._engine = create_async_engine(
            url,
            pool_size=POOL_SIZE,
            max_overflow=POOL_OVERFLOW,
            pool_timeout=busy_timeout,
            # A server that was restarted costs a new connection, not a lost operation.
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={
                "timeout": busy_timeout,
                "command_timeout": 15.0,
                "server_settings": {"application_name": "shudong"},
                # Behind a pooler a session is shared: no name may meet another process's.
                "statement_cache_size": 0,
                "prepared_statement_name_func": lambda: f"shudong_{uuid4().hex}",
            },
        )
        sa.event.listen(self._engine.sync_engine, "connect", _prepare_session)

    async def run(
        self,
        operation: Callable[Concatenate[sa.Connection, P], T],
        writes: bool,  # noqa: ARG002
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        try:
            async with self._engine.begin() as connection:
                return await connection.run_sync(operation, *args, **kwargs)
        except sa.exc.DBAPIError as error:
            if is_stale_session(error):  # each of the pool's may be; a ping does not find it out
                await self._engine.dispose()
            raise

    async def truncate_log(self) -> bool:
        return True

    def pool_usage(self) -> tuple[int, int]:
        pool = self._engine.pool
        used = pool.checkedout() if isinstance(pool, sa.pool.QueuePool) else 0
        return used, POOL_SIZE + POOL_OVERFLOW

    async def aclose(self) -> None:
        await self._engine.dispose()


def _prepare_session(connection: AdaptedConnection, _record: object) -> None:
    """Set what a pooler would refuse among the parameters of a connection's start."""
    # A replica that froze in mid-transaction must not keep its locks for ever.
    setting = "SET idle_in_transaction_session_timeout = '30s'"
    connection.run_async(lambda session: session.execute(setting))


def _ping(connection: sa.Connection) -> None:
    connection.execute(sa.text("SELECT 1"))


def _make_private(path: Path) -> None:
    """Create the file so that others cannot read it; its log and index take over the mode."""
    if not path.exists():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
        except OSError as error:
            raise DatabaseRefused(
                f"The database file {path} cannot be made ({error.strerror}); "
                "choose a directory that this user may write to."
            ) from error


def _prepare_sqlite(dbapi_connection: sqlite3.Connection, _record: object) -> None:
    # The driver starts no transaction by itself: `_begin` does, and says which kind.
    dbapi_connection.isolation_level = None
    for pragma in _SQLITE_PRAGMAS:
        dbapi_connection.execute(pragma).close()


def _begin(connection: sa.Connection, statement: str) -> None:
    # A write transaction that starts as a reader may find at its first write that another one was
    # faster, and cannot wait for it: IMMEDIATE takes the lock at the start.
    connection.exec_driver_sql(statement)
