"""What the drivers raise, as the errors of this room."""

from __future__ import annotations

import sqlite3
from typing import Final

import sqlalchemy as sa

from bot.storage.db.errors import DatabaseFull, DatabaseRefused, DatabaseUnavailable, StorageError

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRES_FULL: Final = ("53100",)
_POSTGRES_AWAY: Final = (
    "08",  # connection
    "53",  # insufficient resources
    "57",  # operator intervention: shutting down, starting up, cancelled
    "58",  # system error
    "40",  # rolled back: serialization, deadlock
    "55",  # lock not available, object in use
    "25P03",  # idle in transaction for too long
    # What a pooler between us and PostgreSQL, or its change of server, does to a session.
    "25006",  # a server that became a standby; the next connection leads to the new primary
    "25P02",  # a transaction that was broken off by another
    "26000",  # a prepared statement that is another server's
    "42P05",  # a prepared statement of somebody else's session
    "0A000",  # a cached plan of tables that were changed
    "XX000",  # the pooler's own troubles (Supavisor, Pgpool-II)
)
_POSTGRES_REFUSED: Final = ("28", "3D", "42501")
_SQLITE_AWAY: Final = (
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_NOMEM,
)
_SQLITE_REFUSED: Final = (
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_AUTH,
)
_SQLITE_BROKEN: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


_STALE_SESSION: Final = ("25006", "25P02", "26000", "42P05", "0A000", "XX000")


def is_stale_session(error: Exception) -> bool:
    """Whether open connections are to blame: with new ones the same may succeed."""
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    return getattr(cause, "sqlstate", None) in _STALE_SESSION


def as_storage_error(error: Exception) -> StorageError:
    """Say what happened without the statement, its parameters or the address."""
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    code = getattr(cause, "sqlstate", None)
    if isinstance(code, str):
        return _of_postgres(code)
    code = getattr(cause, "sqlite_errorcode", None)
    if isinstance(code, int):
        return _of_sqlite(code & 0xFF, getattr(cause, "sqlite_errorname", "an error"))
    lost = isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated
    if lost or isinstance(cause, (OSError, TimeoutError, sa.exc.TimeoutError)):
        return DatabaseUnavailable(
            f"The database does not answer ({type(cause).__name__}); "
            "check that it runs and that DATABASE_URL leads to it."
        )
    if isinstance(error, sa.exc.InterfaceError):
        return DatabaseUnavailable(
            f"The connection to the database broke ({type(cause).__name__}); "
            "it is opened again at the next try."
        )
    return StorageError(f"The database could not do what was asked ({type(cause).__name__}).")


def _of_postgres(code: str) -> StorageError:
    if code.startswith(_POSTGRES_FULL):
        return DatabaseFull(
            f"The disk of PostgreSQL is full (SQLSTATE {code}); make room, nothing was lost."
        )
    if code.startswith(_POSTGRES_AWAY):
        return DatabaseUnavailable(
            f"PostgreSQL cannot do this now (SQLSTATE {code}); it is worth another try."
        )
    if code.startswith(_POSTGRES_REFUSED):
        return DatabaseRefused(
            f"PostgreSQL refused (SQLSTATE {code}); check user, password, database name and "
            "rights of DATABASE_URL."
        )
    return StorageError(f"PostgreSQL could not do what was asked (SQLSTATE {code}).")


def _of_sqlite(code: int, name: str) -> StorageError:
    if code == sqlite3.SQLITE_FULL:
        return DatabaseFull("The disk of the database file is full; make room, nothing was lost.")
    if code in _SQLITE_AWAY:
        return DatabaseUnavailable(
            f"The database file is busy or unreadable now ({name}); it is worth another try."
        )
    if code in _SQLITE_REFUSED:
        return DatabaseRefused(
            f"The database file cannot be opened or written ({name}); check its directory's rights."
        )
    if code in _SQLITE_BROKEN:
        return DatabaseRefused(
            f"The database file is damaged or not a database ({name}); restore it from a backup."
        )
    return StorageError(f"SQLite could not do what was asked ({name}).")
