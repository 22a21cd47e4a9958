"""Earlier and later versions of an answer: kept beside the one that is shown.

The turn holds the version that is shown, and its number; the others are rows of their own. Each
function is part of a transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.storage.db.encryption import Place
from bot.storage.models import AnswerVersionRow, TurnRow
from bot.storage.turns.turn import answer_place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.storage.db.dialect import AnyRow
    from bot.storage.db.encryption import Cipher


@dataclass(frozen=True, slots=True)
class AnswerVersion:
    """A version of the answer to a turn, beside the one that is shown."""

    turn_id: int
    number: int
    text: str


def version_place(user_id: int, chat_id: int, turn_id: int, number: int) -> Place:
    """Where the ciphertext of a version that is not shown belongs."""
    return Place(
        "answer_versions.answer",
        (turn_id, number),
        user_id=user_id,
        chat_id=chat_id,
        version_1=b"answer_versions.answer:%d:%d" % (turn_id, number),
    )


def put_aside(connection: sa.Connection, cipher: Cipher, turn_id: int) -> int:
    """Keep the version that a turn shows beside it; the number that its next version has."""
    turn = connection.execute(
        sa.select(
            TurnRow.user_id,
            TurnRow.chat_id,
            TurnRow.version,
            TurnRow.answer,
            TurnRow.model,
            TurnRow.answered_at,
        ).where(TurnRow.id == turn_id)
    ).one()
    if turn.answer is None:
        return int(turn.version)
    plain = cipher.decrypt(turn.answer, answer_place(turn.user_id, turn.chat_id, turn_id))
    if not plain:
        return int(turn.version)
    place = version_place(turn.user_id, turn.chat_id, turn_id, turn.version)
    connection.execute(
        sa.insert(AnswerVersionRow),
        {
            "turn_id": turn_id,
            "user_id": turn.user_id,
            "chat_id": turn.chat_id,
            "number": turn.version,
            "answer": cipher.encrypt(plain, place),
            "model": turn.model,
            "answered_at": turn.answered_at,
        },
    )
    return count(connection, turn_id) + 1


def count(connection: sa.Connection, turn_id: int) -> int:
    """How many versions stand beside a turn."""
    found = sa.select(sa.func.count()).where(AnswerVersionRow.turn_id == turn_id)
    return connection.scalar(found) or 0


def take_out(connection: sa.Connection, cipher: Cipher, turn: AnyRow, number: int) -> bool:
    """Have a turn show another of its versions; False if it has none of that number."""
    row = connection.execute(
        sa.select(AnswerVersionRow).where(
            AnswerVersionRow.turn_id == turn.id, AnswerVersionRow.number == number
        )
    ).one_or_none()
    if row is None:
        return False
    plain = cipher.decrypt(row.answer, version_place(row.user_id, row.chat_id, turn.id, number))
    put_aside(connection, cipher, turn.id)
    connection.execute(sa.delete(AnswerVersionRow).where(AnswerVersionRow.id == row.id))
    place = answer_place(row.user_id, row.chat_id, turn.id)
    connection.execute(
        sa.update(TurnRow)
        .where(TurnRow.id == turn.id)
        .values(
            answer=cipher.encrypt(plain, place),
            model=row.model,
            answered_at=row.answered_at,
            version=number,
            state="answered",
            failure=None,
        )
    )
    return True


def select_for_user(connection: sa.Connection, user_id: int) -> Sequence[AnyRow]:
    """The versions that are not shown of all answers to a person, sealed."""
    mine = sa.select(AnswerVersionRow).where(AnswerVersionRow.user_id == user_id)
    return connection.execute(
        mine.order_by(AnswerVersionRow.turn_id, AnswerVersionRow.number)
    ).all()


def decrypt_version(row: AnyRow, cipher: Cipher) -> AnswerVersion:
    """Decrypt a row of `select_for_user`."""
    place = version_place(row.user_id, row.chat_id, row.turn_id, row.number)
    return AnswerVersion(row.turn_id, row.number, cipher.decrypt_text(row.answer, place))


def forget(connection: sa.Connection, turn_id: int) -> None:
    """Delete what stands beside a turn: its words are others now."""
    connection.execute(sa.delete(AnswerVersionRow).where(AnswerVersionRow.turn_id == turn_id))


def erase_for_user(connection: sa.Connection, user_id: int) -> None:
    """Delete the versions of all answers to a person."""
    connection.execute(sa.delete(AnswerVersionRow).where(AnswerVersionRow.user_id == user_id))
