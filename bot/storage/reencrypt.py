"""Rewrite stored ciphertexts with the first key and bound to their place, as new ones are.

Afterwards an old key can be retired, and version 1 of the ciphertexts is gone.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
import structlog

from bot.storage.access import reason_place
from bot.storage.broadcasts import words_place
from bot.storage.complaints import complaint_answer_place, complaint_place
from bot.storage.contacts import name_place, phone_place
from bot.storage.db.encryption import HEADER_BYTES
from bot.storage.db.errors import WrongKey
from bot.storage.exercises import exercise_line_place
from bot.storage.feedback import rated_answer_place, rewritten_place
from bot.storage.handover_messages import message_place
from bot.storage.inbox.lanes import payload_place
from bot.storage.memories import line_place as memory_line_place
from bot.storage.models import (
    AnswerVersionRow,
    BanRow,
    BroadcastRow,
    ComplaintRow,
    EmergencyContactRow,
    ExerciseLineRow,
    HandoverMessageRow,
    MemoryLineRow,
    RatingRow,
    SafetyPlanLineRow,
    TrustedMessageRow,
    TrustedPersonRow,
    TurnRow,
    UpdateRow,
)
from bot.storage.safety_plans import line_place
from bot.storage.trusted_messages import called_place, message_name_place
from bot.storage.trusted_messages import name_place as trusted_name_place
from bot.storage.turns.turn import answer_place, user_text_place
from bot.storage.turns.versions import version_place

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from sqlalchemy.orm import InstrumentedAttribute

    from bot.storage.db.database import Database
    from bot.storage.db.dialect import AnyRow
    from bot.storage.db.encryption import Cipher, Place

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of ciphertexts, and how the place of one is made from its row."""

    key: InstrumentedAttribute[int]
    sealed: InstrumentedAttribute[Any]
    place: Callable[[AnyRow], Place]
    place_columns: tuple[InstrumentedAttribute[Any], ...] = ()


DAMAGED: Final = 1
"""So many texts under a key of their own are damage, which keeps a bot from nobody."""

_RATED: Final = (RatingRow.user_id, RatingRow.turn_id)
_COLUMNS: Final = (
    _Column(
        TurnRow.id,
        TurnRow.user_text,
        lambda row: user_text_place(row.user_id, row.chat_id, row.conversation_id, row.number),
        (TurnRow.user_id, TurnRow.chat_id, TurnRow.conversation_id, TurnRow.number),
    ),
    _Column(
        TurnRow.id,
        TurnRow.answer,
        lambda row: answer_place(row.user_id, row.chat_id, row.key),
        (TurnRow.user_id, TurnRow.chat_id),
    ),
    _Column(
        AnswerVersionRow.id,
        AnswerVersionRow.answer,
        lambda row: version_place(row.user_id, row.chat_id, row.turn_id, row.number),
        (
            AnswerVersionRow.user_id,
            AnswerVersionRow.chat_id,
            AnswerVersionRow.turn_id,
            AnswerVersionRow.number,
        ),
    ),
    _Column(
        HandoverMessageRow.id,
        HandoverMessageRow.said,
        lambda row: message_place(row.user_id, row.key),
        (HandoverMessageRow.user_id,),
    ),
    _Column(EmergencyContactRow.user_id, EmergencyContactRow.name, lambda row: name_place(row.key)),
    _Column(
        EmergencyContactRow.user_id, EmergencyContactRow.phone, lambda row: phone_place(row.key)
    ),
    _Column(
        SafetyPlanLineRow.id,
        SafetyPlanLineRow.said,
        lambda row: line_place(row.user_id, row.step, row.key),
        (SafetyPlanLineRow.user_id, SafetyPlanLineRow.step),
    ),
    _Column(
        MemoryLineRow.id,
        MemoryLineRow.said,
        lambda row: memory_line_place(row.user_id, row.kind, row.key),
        (MemoryLineRow.user_id, MemoryLineRow.kind),
    ),
    _Column(
        ExerciseLineRow.id,
        ExerciseLineRow.said,
        lambda row: exercise_line_place(row.user_id, row.sheet_id, row.message_id),
        (ExerciseLineRow.user_id, ExerciseLineRow.sheet_id, ExerciseLineRow.message_id),
    ),
    _Column(
        RatingRow.id,
        RatingRow.answer,
        lambda row: rated_answer_place(row.user_id, row.turn_id, row.key),
        _RATED,
    ),
    _Column(
        RatingRow.id,
        RatingRow.rewritten,
        lambda row: rewritten_place(row.user_id, row.turn_id, row.key),
        _RATED,
    ),
    _Column(
        UpdateRow.update_id,
        UpdateRow.payload,
        lambda row: payload_place(row.chat_id, row.key),
        (UpdateRow.chat_id,),
    ),
    _Column(
        TrustedPersonRow.id,
        TrustedPersonRow.name,
        lambda row: trusted_name_place(row.user_id),
        (TrustedPersonRow.user_id,),
    ),
    _Column(
        TrustedPersonRow.id,
        TrustedPersonRow.called,
        lambda row: called_place(row.user_id),
        (TrustedPersonRow.user_id,),
    ),
    _Column(
        TrustedMessageRow.id,
        TrustedMessageRow.name,
        message_name_place,
        (TrustedMessageRow.kind, TrustedMessageRow.recipient, TrustedMessageRow.about),
    ),
    _Column(BanRow.person_id, BanRow.reason, lambda row: reason_place(row.key)),
    _Column(BroadcastRow.id, BroadcastRow.words, lambda row: words_place(row.key)),
    _Column(
        ComplaintRow.id,
        ComplaintRow.words,
        lambda row: complaint_place(row.user_id, row.key),
        (ComplaintRow.user_id,),
    ),
    _Column(
        ComplaintRow.id,
        ComplaintRow.answer,
        lambda row: complaint_answer_place(row.user_id, row.key),
        (ComplaintRow.user_id,),
    ),
)


async def reencrypt(
    database: Database, cipher: Cipher, *, batch: int = 200
) -> AsyncGenerator[int, None]:
    """Rewrite what was encrypted otherwise, and yield after each batch how many so far.

    A batch is a transaction and the bot may go on meanwhile. Stopping in the middle is harmless:
    the next run goes on with what is left. A damaged text is left as it is and delays no other.
    Raises `WrongKey` when an old key is missing.
    """
    await require_old_keys(database, cipher)
    total = 0
    for column in _COLUMNS:
        after: int | None = -1
        while after is not None:
            after, rewritten = await database.write(_batch, cipher, column, after, batch)
            total += rewritten
            yield total


async def require_old_keys(database: Database, cipher: Cipher) -> None:
    """Raise `WrongKey` if stored texts need a key that is not at hand."""
    needed: Counter[str] = Counter()
    for header, count in (await database.read(_count_old, cipher.header)).items():
        missing = cipher.missing_key(header)
        if missing is not None:
            needed[missing] += count
    for missing, count in needed.items():
        if count > DAMAGED:
            raise WrongKey(
                f"{count} stored texts need key {missing}, which is not at hand; add it after the "
                "new one, in ENCRYPTION_KEYS or the key file, and run `python -m bot reencrypt` "
                "before it is taken away."
            )


async def count_by_key(database: Database) -> dict[str, int]:
    """How many stored texts each key has encrypted, by its id."""
    counts: Counter[str] = Counter()
    for header, count in (await database.read(_count_old, b"")).items():
        counts[header[1:].hex()] += count
    return dict(counts)


async def count_old(database: Database, cipher: Cipher) -> int:
    """How many ciphertexts are not as new ones are: an older version, or another key."""
    return sum((await database.read(_count_old, cipher.header)).values())


def _count_old(connection: sa.Connection, current: bytes) -> dict[bytes, int]:
    """How many ciphertexts each header has, which names version and key, that is not `current`."""
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
        sa.select(column.key.label("key"), column.sealed.label("sealed"), *column.place_columns)
        .where(column.key > after, column.sealed.is_not(None), header != cipher.header)
        .order_by(column.key)
        .limit(limit)
    ).all()
    rewritten = 0
    for row in rows:
        place = column.place(row)
        try:
            plain = cipher.decrypt(row.sealed, place)
        except WrongKey:
            log.error("text_unreadable", column=place.column, row=row.key)
            continue
        # The bot may have written in the meantime: only what was read is replaced.
        rewritten += connection.execute(
            sa.update(column.key.class_)
            .where(column.key == row.key, column.sealed == row.sealed)
            .values({column.sealed.key: cipher.encrypt(plain, place)})
        ).rowcount
    return (rows[-1].key if rows else None), rewritten
