"""The few statements that the two databases spell differently."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from sqlalchemy.orm import DeclarativeBase

AnyRow = sa.Row[*tuple[Any, ...]]

# Apart from the number of the migration lock, which has one argument where this has two.
_CHAT_LOCKS: Final = 0x5443
_ADMISSIONS_LOCK: Final = 0x5444_0000_0000
"""One number where chats have two, and no small one, which the migrations take."""


def insert(
    connection: sa.Connection, table: type[DeclarativeBase]
) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows ON CONFLICT, in the connection's dialect."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


def lock_chat(connection: sa.Connection, chat_id: int, *, wait: bool) -> bool:
    """Keep other claimers away from a chat until the transaction ends; whether that worked.

    On SQLite a transaction that writes is alone anyway.
    """
    if connection.dialect.name == "sqlite":
        return True
    # Two chats that share the lower half of their ids wait for each other, and nothing worse.
    key = chat_id & 0x7FFF_FFFF
    if wait:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_CHAT_LOCKS, key)))
        return True
    return bool(connection.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(_CHAT_LOCKS, key))))


def lock_admissions(connection: sa.Connection) -> None:
    """Let one transaction after the other decide who is let in, until this one ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADMISSIONS_LOCK)))
