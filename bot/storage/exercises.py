"""Exercises that people write down: a sheet of lines, kept if they want it, else thrown away.

A person has one open sheet. Each line carries the message it was typed in, so a message that is
handled again after a crash adds nothing, and an edit of it changes its line.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal

import sqlalchemy as sa
import structlog

from bot.storage.db.dialect import insert, lock_chat
from bot.storage.db.encryption import Place
from bot.storage.db.errors import WrongKey
from bot.storage.models import ExerciseLineRow, ExerciseSheetRow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from bot.storage.db.clock import Clock
    from bot.storage.db.database import Database
    from bot.storage.db.dialect import AnyRow
    from bot.storage.db.encryption import Cipher

log = structlog.get_logger(__name__)

OPEN_FOR: Final = timedelta(days=1)
"""A sheet that nobody finished is thrown away behind so long."""
KEPT_AT_MOST: Final = 50
"""Sheets that are kept of a person; the oldest goes for a new one."""

When = Literal["before", "after"]


@dataclass(frozen=True, slots=True)
class ExerciseSheet:
    """What a person wrote in one exercise, by step, and how strong the feeling was."""

    id: int
    exercise: str
    step: str
    begun_at: datetime
    kept_at: datetime | None
    before: int | None
    after: int | None
    lines: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class ExerciseSheets:
    """The sheets of all people. Each method is one transaction."""

    def __init__(self, database: Database, cipher: Cipher, clock: Clock) -> None:
        self._database = database
        self._cipher = cipher
        self._clock = clock

    async def open_for(self, user_id: int) -> ExerciseSheet | None:
        """The sheet that a person is at; None: they are at none."""
        rows = await self._database.read(_select, user_id, ExerciseSheetRow.kept_at.is_(None))
        return next(iter(decrypt_sheets(rows, user_id, self._cipher)), None)

    async def kept(self, user_id: int) -> list[ExerciseSheet]:
        """The sheets that a person kept, the newest first."""
        rows = await self._database.read(_select, user_id, ExerciseSheetRow.kept_at.is_not(None))
        return decrypt_sheets(rows, user_id, self._cipher)

    async def begin(self, user_id: int, exercise: str, step: str) -> None:
        """Begin a sheet at a step; one that was open is thrown away."""
        await self._database.write(_begin, user_id, exercise, step, self._clock())

    async def write(
        self, user_id: int, step: str, lines: Sequence[tuple[int, str]], *, then: str
    ) -> bool:
        """Keep typed lines, by the ids of their messages, and go to `then`.

        False if all were known already, or the person is not at `step` any more.
        """
        return await self._database.write(_write, user_id, step, lines, then, self._cipher)

    async def go(self, user_id: int, step: str, *, then: str) -> bool:
        """Go from a step to another; False if the person is not there any more."""
        return await self._database.write(_go, user_id, step, {"step": then})

    async def rate(self, user_id: int, step: str, when: When, value: int, *, then: str) -> bool:
        """Keep how strong the feeling is, 0 to 10, and go to `then`; False as `go`."""
        return await self._database.write(_go, user_id, step, {when: value, "step": then})

    async def known_messages(self, user_id: int, message_ids: Sequence[int]) -> set[int]:
        """Which of these messages are lines already."""
        return await self._database.read(_known_messages, user_id, tuple(message_ids))

    async def replace(self, user_id: int, message_id: int, text: str) -> bool:
        """Change the line that was typed in a message, which was edited; False if there is none."""
        return await self._database.write(_replace, user_id, message_id, text, self._cipher)

    async def keep(self, user_id: int) -> bool:
        """Keep the open sheet; False if there is none."""
        return await self._database.write(_keep, user_id, self._clock())

    async def throw_away(self, user_id: int, sheet_id: int | None = None) -> bool:
        """Delete a sheet of a person, or the open one; whether there was one."""
        return await self._database.write(_throw_away, user_id, sheet_id)

    async def purge(self) -> None:
        """Throw away what was left open long ago."""
        await self._database.write(_purge, self._clock() - OPEN_FOR)


def exercise_line_place(user_id: int, sheet_id: int, message_id: int) -> Place:
    """Where the ciphertext of a line belongs."""
    return Place(
        "exercise_lines.said",
        (sheet_id, message_id),
        user_id=user_id,
        chat_id=None,
        version_1=b"exercise_lines.said:%d:%d" % (user_id, message_id),
    )


def select_for_user(connection: sa.Connection, user_id: int) -> Sequence[AnyRow]:
    """A person's sheets with their lines, sealed."""
    return _select(connection, user_id, sa.true())


def decrypt_sheets(rows: Sequence[AnyRow], user_id: int, cipher: Cipher) -> list[ExerciseSheet]:
    """Decrypt rows of `select_for_user`; a line that no key opens is left out."""
    heads: dict[int, AnyRow] = {}
    lines: dict[int, dict[str, tuple[str, ...]]] = {}
    for row in rows:
        heads[row.id] = row
        of_sheet = lines.setdefault(row.id, {})
        if row.message_id is None:
            continue
        place = exercise_line_place(user_id, row.id, row.message_id)
        try:
            said = cipher.decrypt_text(row.said, place)
        except WrongKey:
            log.error("exercise_line_unreadable", line=row.line_id)
        else:
            of_sheet[row.line_step] = (*of_sheet.get(row.line_step, ()), said)
    return [
        ExerciseSheet(
            *(row.id, row.exercise, row.step, row.begun_at, row.kept_at, row.before, row.after),
            lines=lines[row.id],
        )
        for row in heads.values()
    ]


def erase_for_user(connection: sa.Connection, user_id: int) -> None:
    """Delete all sheets of a person."""
    connection.execute(sa.delete(ExerciseLineRow).where(ExerciseLineRow.user_id == user_id))
    connection.execute(sa.delete(ExerciseSheetRow).where(ExerciseSheetRow.user_id == user_id))


def _select(
    connection: sa.Connection, user_id: int, which: sa.ColumnElement[bool]
) -> Sequence[AnyRow]:
    return connection.execute(
        sa.select(
            *(ExerciseSheetRow.id, ExerciseSheetRow.exercise, ExerciseSheetRow.step),
            *(ExerciseSheetRow.begun_at, ExerciseSheetRow.kept_at),
            *(ExerciseSheetRow.before, ExerciseSheetRow.after),
            ExerciseLineRow.id.label("line_id"),
            ExerciseLineRow.step.label("line_step"),
            *(ExerciseLineRow.message_id, ExerciseLineRow.said),
        )
        .outerjoin(
            ExerciseLineRow,
            sa.and_(
                ExerciseLineRow.sheet_id == ExerciseSheetRow.id,
                ExerciseLineRow.user_id == ExerciseSheetRow.user_id,
            ),
        )
        .where(ExerciseSheetRow.user_id == user_id, which)
        .order_by(ExerciseSheetRow.id.desc(), ExerciseLineRow.id)
    ).all()


def _begin(
    connection: sa.Connection, user_id: int, exercise: str, step: str, now: datetime
) -> None:
    lock_chat(connection, user_id, wait=True)
    _throw_away(connection, user_id, None)
    connection.execute(
        sa.insert(ExerciseSheetRow),
        {"user_id": user_id, "exercise": exercise, "step": step, "begun_at": now},
    )


def _open_id(connection: sa.Connection, user_id: int, step: str | None = None) -> int | None:
    which = [ExerciseSheetRow.user_id == user_id, ExerciseSheetRow.kept_at.is_(None)]
    if step is not None:
        which.append(ExerciseSheetRow.step == step)
    return connection.scalar(sa.select(ExerciseSheetRow.id).where(*which))


def _write(
    connection: sa.Connection,
    user_id: int,
    step: str,
    lines: Sequence[tuple[int, str]],
    then: str,
    cipher: Cipher,
) -> bool:
    lock_chat(connection, user_id, wait=True)
    sheet_id = _open_id(connection, user_id, step)
    if sheet_id is None:
        return False
    new = [line for line in lines if _insert(connection, user_id, sheet_id, step, line, cipher)]
    if new:
        _go(connection, user_id, step, {"step": then})
    return bool(new)


def _insert(
    connection: sa.Connection,
    user_id: int,
    sheet_id: int,
    step: str,
    line: tuple[int, str],
    cipher: Cipher,
) -> bool:
    message_id, text = line
    sealed = cipher.encrypt_text(text, exercise_line_place(user_id, sheet_id, message_id))
    statement = insert(connection, ExerciseLineRow).values(
        sheet_id=sheet_id, user_id=user_id, step=step, message_id=message_id, said=sealed
    )
    known = statement.on_conflict_do_nothing(index_elements=["user_id", "message_id"])
    return connection.scalar(known.returning(ExerciseLineRow.id)) is not None


def _go(connection: sa.Connection, user_id: int, step: str, values: Mapping[str, object]) -> bool:
    statement = sa.update(ExerciseSheetRow).where(
        ExerciseSheetRow.user_id == user_id,
        ExerciseSheetRow.kept_at.is_(None),
        ExerciseSheetRow.step == step,
    )
    return connection.execute(statement.values(values)).rowcount > 0


def _known_messages(
    connection: sa.Connection, user_id: int, message_ids: Sequence[int]
) -> set[int]:
    return set(
        connection.scalars(
            sa.select(ExerciseLineRow.message_id).where(
                ExerciseLineRow.user_id == user_id, ExerciseLineRow.message_id.in_(message_ids)
            )
        )
    )


def _replace(
    connection: sa.Connection, user_id: int, message_id: int, text: str, cipher: Cipher
) -> bool:
    line = connection.execute(
        sa.select(ExerciseLineRow.id, ExerciseLineRow.sheet_id).where(
            ExerciseLineRow.user_id == user_id, ExerciseLineRow.message_id == message_id
        )
    ).one_or_none()
    if line is None:
        return False
    sealed = cipher.encrypt_text(text, exercise_line_place(user_id, line.sheet_id, message_id))
    connection.execute(
        sa.update(ExerciseLineRow).where(ExerciseLineRow.id == line.id).values(said=sealed)
    )
    return True


def _keep(connection: sa.Connection, user_id: int, now: datetime) -> bool:
    lock_chat(connection, user_id, wait=True)
    sheet_id = _open_id(connection, user_id)
    if sheet_id is None:
        return False
    connection.execute(
        sa.update(ExerciseSheetRow).where(ExerciseSheetRow.id == sheet_id).values(kept_at=now)
    )
    too_many = connection.scalars(
        sa.select(ExerciseSheetRow.id)
        .where(ExerciseSheetRow.user_id == user_id, ExerciseSheetRow.kept_at.is_not(None))
        .order_by(ExerciseSheetRow.id.desc())
        .offset(KEPT_AT_MOST)
        .limit(KEPT_AT_MOST)
    ).all()
    _delete(connection, ExerciseSheetRow.id.in_(too_many))
    return True


def _throw_away(connection: sa.Connection, user_id: int, sheet_id: int | None) -> bool:
    is_it = (
        ExerciseSheetRow.kept_at.is_(None) if sheet_id is None else ExerciseSheetRow.id == sheet_id
    )
    return _delete(connection, sa.and_(ExerciseSheetRow.user_id == user_id, is_it))


def _purge(connection: sa.Connection, before: datetime) -> None:
    left = sa.and_(ExerciseSheetRow.kept_at.is_(None), ExerciseSheetRow.begun_at < before)
    _delete(connection, left)


def _delete(connection: sa.Connection, which: sa.ColumnElement[bool]) -> bool:
    sheets = sa.select(ExerciseSheetRow.id).where(which)
    connection.execute(sa.delete(ExerciseLineRow).where(ExerciseLineRow.sheet_id.in_(sheets)))
    return connection.execute(sa.delete(ExerciseSheetRow).where(which)).rowcount > 0
