"""Rewrite stored ciphertexts with the first key, so that an old key can be retired."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from bot.storage.contacts import name_context, phone_context
from bot.storage.db.encryption import HEADER_BYTES
from bot.storage.feedback import rated_answer_context, rewritten_context
from bot.storage.handover_messages import message_context
from bot.storage.inbox.lanes import payload_context
from bot.storage.models import (
    EmergencyContactRow,
    HandoverMessageRow,
    RatingRow,
    SafetyPlanLineRow,
    TrustedMessageRow,
    TrustedPersonRow,
    TurnRow,
    UpdateRow,
)
from bot.storage.safety_plans import line_context
from bot.storage.trusted_messages import (
    called_context,
    message_name_context,
)
from bot.storage.trusted_messages import name_context as trusted_name_context
from bot.storage.turns.turn import answer_context, user_text_context

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from sqlalchemy.orm import InstrumentedAttribute

    from bot.storage.db.database import Database
    from bot.storage.db.dialect import AnyRow
    from bot.storage.db.encryption import Cipher


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of ciphertexts, and how the context of one is made from its row."""

    key: InstrumentedAttribute[int]
    sealed: InstrumentedAttribute[Any]
    context: Callable[[AnyRow], bytes]
    context_columns: tuple[InstrumentedAttribute[Any], ...] = ()


_COLUMNS: Final = (
    _Column(
        TurnRow.id,
        TurnRow.user_text,
        lambda row: user_text_context(row.conversation_id, row.number),
        (TurnRow.conversation_id, TurnRow.number),
    ),
    _Column(TurnRow.id, TurnRow.answer, lambda row: answer_context(row.key)),
    _Column(
        HandoverMessageRow.id,
        HandoverMessageRow.said,
        lambda row: message_context(row.user_id),
        (HandoverMessageRow.user_id,),
    ),
    _Column(
        EmergencyContactRow.user_id, EmergencyContactRow.name, lambda row: name_context(row.key)
    ),
    _Column(
        EmergencyContactRow.user_id, EmergencyContactRow.phone, lambda row: phone_context(row.key)
    ),
    _Column(
        SafetyPlanLineRow.id,
        SafetyPlanLineRow.said,
        lambda row: line_context(row.user_id, row.step),
        (SafetyPlanLineRow.user_id, SafetyPlanLineRow.step),
    ),
    _Column(
        RatingRow.id,
        RatingRow.answer,
        lambda row: rated_answer_context(row.turn_id),
        (RatingRow.turn_id,),
    ),
    _Column(
        RatingRow.id,
        RatingRow.rewritten,
        lambda row: rewritten_context(row.turn_id),
        (RatingRow.turn_id,),
    ),
    _Column(
        TrustedPersonRow.id,
        TrustedPersonRow.name,
        lambda row: trusted_name_context(row.user_id),
        (TrustedPersonRow.user_id,),
    ),
    _Column(
        TrustedPersonRow.id,
        TrustedPersonRow.called,
        lambda row: called_context(row.user_id),
        (TrustedPersonRow.user_id,),
    ),
    _Column(
        TrustedMessageRow.id,
        TrustedMessageRow.name,
        message_name_context,
        (TrustedMessageRow.kind, TrustedMessageRow.recipient, TrustedMessageRow.about),
    ),
    _Column(UpdateRow.update_id, UpdateRow.payload, lambda row: payload_context(row.key)),
)


async def reencrypt(
    database: Database, cipher: Cipher, *, batch: int = 200
) -> AsyncGenerator[int, None]:
    """Rewrite what was encrypted with another key, and yield after each batch how many so far.

    A batch is a transaction and the bot may go on meanwhile. Stopping in the middle is harmless:
    the next run goes on with what is left. Raises `WrongKey` when an old key is missing.
    """
    total = 0
    for column in _COLUMNS:
        after: int | None = -1
        while after is not None:
            after, rewritten = await database.write(_batch, cipher, column, after, batch)
            total += rewritten
            yield total


async def count_other_keys(database: Database, cipher: Cipher) -> dict[bytes, int]:
    """How many ciphertexts each key has that is not the first, by the header that names it."""
    return await database.read(_count_other_keys, cipher.header)


def _count_other_keys(connection: sa.Connection, current: bytes) -> dict[bytes, int]:
    counts: Counter[bytes] = Counter()
    for column in _COLUMNS:
        header = sa.func.substr(column.sealed, 1, HEADER_BYTES, type_=sa.LargeBinary)
        rows = connection.execute(
            sa.select(header.label("header"), sa.func.count().label("count"))
            .where(column.sealed.is_not(None), header != current)
            .group_by(header)
        )
        counts.update({bytes(row.header): row[1] for row in rows})
    return dict(counts)


def _batch(
    connection: sa.Connection, cipher: Cipher, column: _Column, after: int, limit: int
) -> tuple[int | None, int]:
    """Rewrite some rows; the last id seen (None at the end) and how many were rewritten."""
    header = sa.func.substr(column.sealed, 1, HEADER_BYTES, type_=sa.LargeBinary)
    rows = connection.execute(
        sa.select(column.key.label("key"), column.sealed.label("sealed"), *column.context_columns)
        .where(column.key > after, column.sealed.is_not(None), header != cipher.header)
        .order_by(column.key)
        .limit(limit)
    ).all()
    rewritten = 0
    for row in rows:
        context = column.context(row)
        # The bot may have written in the meantime: only what was read is replaced.
        rewritten += connection.execute(
            sa.update(column.key.class_)
            .where(column.key == row.key, column.sealed == row.sealed)
            .values(
                {column.sealed.key: cipher.encrypt(cipher.decrypt(row.sealed, context), context)}
            )
        ).rowcount
    return (rows[-1].key if rows else None), rewritten
