"""Complaints: a number, a day by which each is answered, the answer; encrypted, a person's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.storage.db.encryption import Place
from bot.storage.models import ComplaintRow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from bot.storage.db.clock import Clock
    from bot.storage.db.database import Database
    from bot.storage.db.dialect import AnyRow
    from bot.storage.db.encryption import Cipher


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a person complained of, by when it is answered, and how it was."""

    id: int
    user_id: int
    words: str
    made_at: datetime
    due_at: datetime
    answer: str | None = None
    answered_at: datetime | None = None

    def is_late(self, now: datetime) -> bool:
        """Whether its answer came, or is still to come, after the day it was due."""
        return (self.answered_at or now) > self.due_at


@dataclass(frozen=True, slots=True)
class OpenComplaint:
    """A complaint that waits for its answer, without its words."""

    id: int
    made_at: datetime
    due_at: datetime


class Complaints:
    """The complaints. Each method is one transaction."""

    def __init__(self, database: Database, cipher: Cipher, clock: Clock) -> None:
        self._database = database
        self._cipher = cipher
        self._clock = clock

    async def make(self, user_id: int, words: str, due_in: timedelta) -> Complaint:
        """Keep a complaint, to be answered within `due_in`."""
        now = self._clock()
        row: dict[str, object] = {
            "user_id": user_id,
            "words": b"",
            "made_at": now,
            "due_at": now + due_in,
        }
        number = await self._database.write(_make, self._cipher, row, user_id, words)
        return Complaint(number, user_id, words, now, now + due_in)

    async def count_since(self, user_id: int, since: datetime) -> int:
        """How many complaints a person has made since a moment."""
        asked = sa.select(sa.func.count()).where(
            ComplaintRow.user_id == user_id, ComplaintRow.made_at > since
        )
        return await self._database.read(lambda c: c.scalar(asked) or 0)

    async def get(self, number: int) -> Complaint | None:
        """One by its number."""
        row = await self._database.read(_select, number)
        return None if row is None else decrypt_complaint(row, self._cipher)

    async def for_user(self, user_id: int) -> list[Complaint]:
        """A person's own, the oldest first."""
        rows = await self._database.read(select_for_user, user_id)
        return [decrypt_complaint(row, self._cipher) for row in rows]

    async def list_open(self, limit: int) -> list[OpenComplaint]:
        """Those that wait for an answer, the first due first."""
        return await self._database.read(_open, limit)

    async def answer(self, number: int, answer: str, answered_by: int) -> Complaint | None:
        """Keep the answer to a complaint, once; None where there is none or it has one."""
        row = await self._database.write(
            _answer, self._cipher, number, answer, answered_by, self._clock()
        )
        return None if row is None else decrypt_complaint(row, self._cipher)


def complaint_place(user_id: int, number: int) -> Place:
    """Where the ciphertext of a complaint belongs."""
    return _place("complaints.words", user_id, number)


def complaint_answer_place(user_id: int, number: int) -> Place:
    """Where the ciphertext of the answer to a complaint belongs."""
    return _place("complaints.answer", user_id, number)


def _place(column: str, user_id: int, number: int) -> Place:
    return Place(column, (number,), user_id=user_id, chat_id=None, version_1=b"")


def select_for_user(connection: sa.Connection, user_id: int) -> Sequence[AnyRow]:
    """A person's complaints, sealed, the oldest first."""
    theirs = ComplaintRow.user_id == user_id
    return connection.execute(_COLUMNS.where(theirs).order_by(ComplaintRow.id)).all()


def decrypt_complaint(row: AnyRow, cipher: Cipher) -> Complaint:
    """Decrypt a row of `select_for_user`."""
    answer = row.answer
    return Complaint(
        id=row.id,
        user_id=row.user_id,
        words=cipher.decrypt_text(row.words, complaint_place(row.user_id, row.id)),
        made_at=row.made_at,
        due_at=row.due_at,
        answer=None
        if answer is None
        else cipher.decrypt_text(answer, complaint_answer_place(row.user_id, row.id)),
        answered_at=row.answered_at,
    )


def erase_for_user(connection: sa.Connection, user_id: int) -> None:
    """Forget what a person complained of, and what they were answered."""
    connection.execute(sa.delete(ComplaintRow).where(ComplaintRow.user_id == user_id))


_COLUMNS = sa.select(
    ComplaintRow.id,
    ComplaintRow.user_id,
    ComplaintRow.words,
    ComplaintRow.answer,
    ComplaintRow.made_at,
    ComplaintRow.due_at,
    ComplaintRow.answered_at,
)


def _make(
    connection: sa.Connection, cipher: Cipher, row: dict[str, object], user_id: int, words: str
) -> int:
    insert = sa.insert(ComplaintRow).values(row).returning(ComplaintRow.id)
    number = connection.execute(insert).scalar_one()
    sealed = cipher.encrypt_text(words, complaint_place(user_id, number))
    of_it = ComplaintRow.id == number
    connection.execute(sa.update(ComplaintRow).where(of_it).values(words=sealed))
    return number


def _select(connection: sa.Connection, number: int) -> AnyRow | None:
    return connection.execute(_COLUMNS.where(ComplaintRow.id == number)).one_or_none()


def _open(connection: sa.Connection, limit: int) -> list[OpenComplaint]:
    rows = connection.execute(
        sa.select(ComplaintRow.id, ComplaintRow.made_at, ComplaintRow.due_at)
        .where(ComplaintRow.answered_at.is_(None))
        .order_by(ComplaintRow.due_at, ComplaintRow.id)
        .limit(limit)
    )
    return [OpenComplaint(*row) for row in rows]


def _answer(
    connection: sa.Connection,
    cipher: Cipher,
    number: int,
    answer: str,
    answered_by: int,
    now: datetime,
) -> AnyRow | None:
    row = _select(connection, number)
    if row is None:
        return None
    sealed = cipher.encrypt_text(answer, complaint_answer_place(row.user_id, number))
    answered = connection.execute(
        sa.update(ComplaintRow)
        .where(ComplaintRow.id == number, ComplaintRow.answered_at.is_(None))
        .values(answer=sealed, answered_at=now, answered_by=answered_by)
    )
    return _select(connection, number) if answered.rowcount == 1 else None
