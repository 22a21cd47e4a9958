"""What people have written down for hard hours: a safety plan of six steps, theirs alone.

A step holds lines. Each typed line carries the message it was typed in, so a message that is
handled again after a crash adds nothing, and an edit of it changes its line. Beside the lines
stands the step that is being asked: what its person writes next belongs to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog

from bot.storage import asked_lines, cards, check_ins
from bot.storage.db.dialect import insert, lock_chat
from bot.storage.db.encryption import Place
from bot.storage.db.errors import WrongKey
from bot.storage.models import SafetyPlanLineRow, SafetyPlanRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from bot.storage.db.clock import Clock
    from bot.storage.db.database import Database
    from bot.storage.db.dialect import AnyRow
    from bot.storage.db.encryption import Cipher


log = structlog.get_logger(__name__)


class PlanStep(StrEnum):
    """The six steps, in their order."""

    SIGNS = "signs"
    ALONE = "alone"
    COMPANY = "company"
    PEOPLE = "people"
    PROFESSIONALS = "professionals"
    PLACE = "place"

    @property
    def number(self) -> int:
        """Its place, from 1 on."""
        return list(PlanStep).index(self) + 1

    @property
    def next(self) -> PlanStep | None:
        """The step behind it."""
        return next((step for step in PlanStep if step.number == self.number + 1), None)

    @property
    def previous(self) -> PlanStep | None:
        """The step before it."""
        return next((step for step in PlanStep if step.number == self.number - 1), None)


@dataclass(frozen=True, slots=True)
class TypedLine:
    """One message of a person, to become a line of `step`; of no message where a button adds it."""

    message_id: int | None
    step: PlanStep
    text: str


@dataclass(frozen=True, slots=True)
class AskedStep:
    """What is being asked.

    Args:
        step: the step that is asked; None: nothing is.
        before: the step that was asked before; what was written before `at` belongs to it.
        at: since when.
        walks: whether the next step is asked once this one is answered.
        shown_in: the message that asks; None: it is still to be sent.
        is_interrupted: whether a crisis card or a check-in has asked something since.
    """

    step: PlanStep | None
    before: PlanStep | None
    at: datetime
    walks: bool
    shown_in: int | None
    is_interrupted: bool = False

    @property
    def is_set_aside(self) -> bool:
        """Whether something came first, danger above all, and what was written then is no line."""
        return self.step is None and self.before is None


@dataclass(frozen=True, slots=True)
class SafetyPlan:
    """What a person has written, by step, in the order in which they wrote it."""

    lines: Mapping[PlanStep, tuple[str, ...]] = field(default_factory=dict)

    def of(self, step: PlanStep) -> tuple[str, ...]:
        """The lines of a step."""
        return self.lines.get(step, ())


class SafetyPlans:
    """The safety plans, one a person. Each method is one transaction."""

    def __init__(self, database: Database, cipher: Cipher, clock: Clock) -> None:
        self._database = database
        self._cipher = cipher
        self._clock = clock

    async def for_user(self, user_id: int) -> SafetyPlan:
        """What a person has written; an empty plan where that is nothing."""
        rows = await self._database.read(select_for_user, user_id)
        return decrypt_plan(rows, user_id, self._cipher)

    async def asked(self, user_id: int) -> AskedStep | None:
        """What a person is being asked; None where they never began."""
        return await self._database.read(_asked, user_id)

    async def ask(self, user_id: int, step: PlanStep, *, walks: bool) -> None:
        """Take what the person writes from now on as lines of `step`."""
        await self._database.write(_ask, user_id, step, walks, self._clock())

    async def note_shown(self, user_id: int, step: PlanStep, message_id: int) -> None:
        """Note which message asks for `step`, if that is still what is asked."""
        await self._database.write(_note_shown, user_id, step, message_id)

    async def stop(self, user_id: int, *, late_lines: bool = True) -> None:
        """Ask nothing any more.

        `late_lines`: what was written before now and is read later is still a line of the plan.
        """
        await self._database.write(_stop, user_id, late_lines, self._clock())

    async def answer(
        self, user_id: int, typed: Sequence[TypedLine], *, then: PlanStep | None
    ) -> bool:
        """Keep typed lines, each once, and go on to ask `then`; False if all were known already.

        A repeat, or lines of steps that are not asked any more, leave what is asked as it is.
        """
        return await self._database.write(
            _answer, user_id, typed, then, self._cipher, self._clock()
        )

    async def known_messages(self, user_id: int, message_ids: Sequence[int]) -> set[int]:
        """Which of these messages are lines of the plan already."""
        return await self._database.read(_known_messages, user_id, tuple(message_ids))

    async def replace(self, user_id: int, message_id: int, text: str) -> bool:
        """Change the line that was typed in a message, which was edited; False if there is none."""
        return await self._database.write(_replace, user_id, message_id, text, self._cipher)

    async def add(self, user_id: int, step: PlanStep, line: str, *, at_most: int) -> bool:
        """Add a ready line to a step that does not have it; False if the step is full."""
        now = self._clock()
        return await self._database.write(_add, user_id, step, line, at_most, self._cipher, now)

    async def drop(self, user_id: int, step: PlanStep, line: str) -> None:
        """Take a line out of a step, if it has it."""
        await self._database.write(_drop, user_id, step, line, self._cipher)

    async def clear(self, user_id: int, step: PlanStep) -> None:
        """Take all lines out of a step."""
        await self._database.write(_clear, user_id, step)

    async def delete(self, user_id: int) -> bool:
        """Forget a plan; whether there was one."""
        return await self._database.write(erase_for_user, user_id)


def is_begun_by(user_id: sa.SQLColumnExpression[int | None]) -> sa.ColumnElement[bool]:
    """Whether a person has begun a plan."""
    return sa.exists().where(SafetyPlanRow.user_id == user_id)


def line_place(user_id: int, step: str, line_id: int) -> Place:
    """Where the ciphertext of a line belongs."""
    return Place(
        "safety_plan_lines.said",
        (step, line_id),
        user_id=user_id,
        chat_id=None,
        version_1=b"safety_plan_lines.said:%d:%s" % (user_id, step.encode()),
    )


def select_for_user(connection: sa.Connection, user_id: int) -> Sequence[AnyRow]:
    """A person's lines, sealed, in the order in which they were written."""
    return connection.execute(
        sa.select(SafetyPlanLineRow.id, SafetyPlanLineRow.step, SafetyPlanLineRow.said)
        .where(SafetyPlanLineRow.user_id == user_id)
        .order_by(SafetyPlanLineRow.id)
    ).all()


def decrypt_plan(rows: Sequence[AnyRow], user_id: int, cipher: Cipher) -> SafetyPlan:
    """Decrypt rows of `select_for_user`; a line that no key opens is left out."""
    lines: dict[PlanStep, tuple[str, ...]] = {}
    for _, step, said in _opened(rows, user_id, cipher):
        lines[step] = (*lines.get(step, ()), said)
    return SafetyPlan(lines)


def decrypt_line(row: AnyRow, user_id: int, cipher: Cipher) -> tuple[PlanStep, str]:
    """Decrypt one row of `select_for_user`."""
    place = line_place(user_id, row.step, row.id)
    return PlanStep(row.step), cipher.decrypt_text(row.said, place)


def _opened(
    rows: Sequence[AnyRow], user_id: int, cipher: Cipher
) -> Iterator[tuple[int, PlanStep, str]]:
    """The id, the step and the words of each line that can be read."""
    for row in rows:
        try:
            step, said = decrypt_line(row, user_id, cipher)
        except WrongKey:
            log.error("plan_line_unreadable", line=row.id)
        else:
            yield row.id, step, said


def erase_for_user(connection: sa.Connection, user_id: int) -> bool:
    """Delete a person's plan; whether there was one."""
    lock_chat(connection, user_id, wait=True)
    lines = sa.delete(SafetyPlanLineRow).where(SafetyPlanLineRow.user_id == user_id)
    plan = sa.delete(SafetyPlanRow).where(SafetyPlanRow.user_id == user_id)
    deleted = [connection.execute(statement).rowcount for statement in (lines, plan)]
    return any(deleted)


def _asked(connection: sa.Connection, user_id: int) -> AskedStep | None:
    row = connection.execute(
        sa.select(SafetyPlanRow).where(SafetyPlanRow.user_id == user_id)
    ).one_or_none()
    if row is None:
        return None
    is_interrupted = sa.or_(
        cards.asked_since(user_id, row.asked_at), check_ins.sent_since(user_id, row.asked_at)
    )
    return AskedStep(
        step=None if row.asked is None else PlanStep(row.asked),
        before=None if row.asked_before is None else PlanStep(row.asked_before),
        at=row.asked_at,
        walks=row.walks,
        shown_in=row.shown_in,
        is_interrupted=bool(connection.scalar(sa.select(is_interrupted))),
    )


def _ask(
    connection: sa.Connection, user_id: int, step: PlanStep | None, walks: bool, now: datetime
) -> None:
    lock_chat(connection, user_id, wait=True)
    if step is not None:
        asked_lines.erase_for_user(connection, user_id)  # one thing is asked at a time
    values = {"asked": step, "walks": walks, "asked_at": now, "shown_in": None}
    statement = insert(connection, SafetyPlanRow).values(user_id=user_id, **values)
    before = {"asked_before": SafetyPlanRow.asked}
    connection.execute(
        statement.on_conflict_do_update(index_elements=["user_id"], set_=values | before)
    )


def _note_shown(connection: sa.Connection, user_id: int, step: PlanStep, message_id: int) -> None:
    connection.execute(
        sa.update(SafetyPlanRow)
        .where(SafetyPlanRow.user_id == user_id, SafetyPlanRow.asked == step)
        .values(shown_in=message_id)
    )


def _stop(connection: sa.Connection, user_id: int, late_lines: bool, now: datetime) -> None:
    lock_chat(connection, user_id, wait=True)  # or `_answer` asks on after it was told to stop
    mine = SafetyPlanRow.user_id == user_id
    if late_lines:
        # Pressed twice, or handled again after a crash, it leaves what was asked before as it is.
        mine = sa.and_(mine, SafetyPlanRow.asked.is_not(None))
    before = SafetyPlanRow.asked if late_lines else sa.null()
    connection.execute(
        sa.update(SafetyPlanRow)
        .where(mine)
        .values(asked=None, asked_before=before, asked_at=now, shown_in=None)
    )


def _answer(
    connection: sa.Connection,
    user_id: int,
    typed: Sequence[TypedLine],
    then: PlanStep | None,
    cipher: Cipher,
    now: datetime,
) -> bool:
    lock_chat(connection, user_id, wait=True)
    new = [line for line in typed if _insert(connection, user_id, line, cipher, now)]
    asked = connection.scalar(
        sa.select(SafetyPlanRow.asked).where(SafetyPlanRow.user_id == user_id)
    )
    if any(line.step == asked for line in new):
        walks = sa.select(SafetyPlanRow.walks).where(SafetyPlanRow.user_id == user_id)
        _ask(connection, user_id, then, bool(connection.scalar(walks)), now)
    return bool(new)


def _insert(
    connection: sa.Connection, user_id: int, line: TypedLine, cipher: Cipher, now: datetime
) -> bool:
    """Add a line, unless its message is a line already; whether it was added."""
    statement = insert(connection, SafetyPlanLineRow).values(
        user_id=user_id, step=line.step, message_id=line.message_id, said=b"", written_at=now
    )
    known = statement.on_conflict_do_nothing(index_elements=["user_id", "message_id"])
    line_id = connection.scalar(known.returning(SafetyPlanLineRow.id))
    if line_id is None:
        return False
    _write_said(connection, line_id, line_place(user_id, line.step, line_id), line.text, cipher)
    return True


def _write_said(
    connection: sa.Connection, line_id: int, place: Place, text: str, cipher: Cipher
) -> None:
    """Write the words of a line, bound to its id, which the database has given."""
    connection.execute(
        sa.update(SafetyPlanLineRow)
        .where(SafetyPlanLineRow.id == line_id)
        .values(said=cipher.encrypt_text(text, place))
    )


def _known_messages(
    connection: sa.Connection, user_id: int, message_ids: Sequence[int]
) -> set[int]:
    return set(
        connection.scalars(
            sa.select(SafetyPlanLineRow.message_id).where(
                SafetyPlanLineRow.user_id == user_id, SafetyPlanLineRow.message_id.in_(message_ids)
            )
        )
    )


def _replace(
    connection: sa.Connection, user_id: int, message_id: int, text: str, cipher: Cipher
) -> bool:
    lock_chat(connection, user_id, wait=True)
    line = connection.execute(
        sa.select(SafetyPlanLineRow.id, SafetyPlanLineRow.step).where(
            SafetyPlanLineRow.user_id == user_id, SafetyPlanLineRow.message_id == message_id
        )
    ).one_or_none()
    if line is None:
        return False
    _write_said(connection, line.id, line_place(user_id, line.step, line.id), text, cipher)
    return True


def _add(
    connection: sa.Connection,
    user_id: int,
    step: PlanStep,
    line: str,
    at_most: int,
    cipher: Cipher,
    now: datetime,
) -> bool:
    lock_chat(connection, user_id, wait=True)
    lines = decrypt_plan(select_for_user(connection, user_id), user_id, cipher).of(step)
    if line in lines:
        return True
    if len(lines) >= at_most:
        return False
    return _insert(connection, user_id, TypedLine(None, step, line), cipher, now)


def _drop(
    connection: sa.Connection, user_id: int, step: PlanStep, line: str, cipher: Cipher
) -> None:
    lock_chat(connection, user_id, wait=True)
    rows = select_for_user(connection, user_id)
    same = [
        line_id
        for line_id, of_step, said in _opened(rows, user_id, cipher)
        if (of_step, said) == (step, line)
    ]
    connection.execute(sa.delete(SafetyPlanLineRow).where(SafetyPlanLineRow.id.in_(same)))


def _clear(connection: sa.Connection, user_id: int, step: PlanStep) -> None:
    lock_chat(connection, user_id, wait=True)
    connection.execute(
        sa.delete(SafetyPlanLineRow).where(
            SafetyPlanLineRow.user_id == user_id, SafetyPlanLineRow.step == step
        )
    )
