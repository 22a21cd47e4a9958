"""Rewrites stored ciphertexts with the first key, so that an old key can be retired."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from bot.storage import turn_sql
from bot.storage.encryption import HEADER_BYTES
from bot.storage.inbox import payload_context
from bot.storage.models import TurnRow, UpdateRow

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from bot.storage.database import Database
    from bot.storage.encryption import Cipher

# One ciphertext column: its id, what else its context is made of, and the context itself.
_Column = tuple[
    "sa.orm.InstrumentedAttribute[int]",
    "sa.orm.InstrumentedAttribute[Any]",
    "Callable[[sa.Row[Any]], bytes]",
]


def _columns() -> tuple[_Column, ...]:
    return (
        (
            TurnRow.id,
            TurnRow.user_text,
            lambda row: turn_sql.user_text_context(row.conversation_id, row.number),
        ),
        (TurnRow.id, TurnRow.answer, lambda row: turn_sql.answer_context(row.id)),
        (UpdateRow.update_id, UpdateRow.payload, lambda row: payload_context(row.update_id)),
    )


_FIRST: Final = -1


async def reencrypt(
    database: Database, cipher: Cipher, *, batch: int = 200
) -> AsyncGenerator[int, None]:
    """Rewrite what was encrypted with another key, and yield after each batch how many so far.

    A batch is a transaction and the bot may go on meanwhile. Stopping in the middle is harmless:
    the next run goes on with what is left. Raises `WrongKey` when an old key is missing.
    """
    total = 0
    for column in _columns():
        after: int | None = _FIRST
        while after is not None:
            after, rewritten = await database.write(_batch, cipher, column, after, batch)
            total += rewritten
            yield total


def _batch(
    connection: sa.Connection, cipher: Cipher, column: _Column, after: int, limit: int
) -> tuple[int | None, int]:
    """Rewrite some rows; the last id seen (None at the end) and how many were rewritten."""
    key, sealed, context = column
    table = sealed.class_.__table__
    rows = connection.execute(
        sa.select(table)
        .where(
            key > after,
            sealed.is_not(None),
            sa.func.substr(sealed, 1, HEADER_BYTES, type_=sa.LargeBinary) != cipher.header,
        )
        .order_by(key)
        .limit(limit)
    ).all()
    rewritten = 0
    for row in rows:
        old = row._mapping[sealed.key]
        plain = cipher.decrypt(old, context(row))
        # Someone may have answered in the meantime: only what was read is replaced.
        rewritten += connection.execute(
            sa.update(table)
            .where(key == row._mapping[key.key], sealed == old)
            .values({sealed.key: cipher.encrypt(plain, context(row))})
        ).rowcount
    return (rows[-1]._mapping[key.key] if rows else None), rewritten
