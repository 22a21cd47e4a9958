"""What a person in danger was asked and has answered: names of questions, never their words.

It is a person's own talk with the bot: nothing of it belongs into a group.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from bot.storage.db.dialect import insert
from bot.storage.models import CrisisQuestionRow, CrisisTalkRow, RiskRow

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from bot.storage.db.clock import Clock
    from bot.storage.db.database import Database


CARD_FROM: Final = 2
"""The level from which a card is owed and a person is asked after: high.

`bot.safety.needs_card` says the same; storage imports nothing of `bot.safety`, so
`tests/bot/safety/protocol/test_cards.py` compares the two.
"""

EPISODE: Final = timedelta(hours=6)
"""How long a question that was asked, or answered, is not asked again."""


@dataclass(frozen=True, slots=True)
class StoredTalk:
    """What is kept of the talk with a person in danger.

    `asked` are the ids of what was said, oldest first; `answers` maps a question to its answer,
    `latest` holds those of the last message that answered any.
    """

    danger: str | None = None
    asked: tuple[str, ...] = ()
    answers: Mapping[str, str] = field(default_factory=dict)
    latest: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExportedQuestion:
    """A question in a person's export; one of the moments may be missing."""

    question: str
    asked_at: datetime | None
    answered_at: datetime | None


class CrisisTalks:
    """The talks with people in danger. Each method is one transaction.

    A question that is older than `EPISODE` is not told any more, and may then come again. The
    danger is told as long as the person is at `CARD_FROM`: who was beaten is not met for another
    danger in the morning.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def for_user(self, user_id: int, *, before_turn: int | None = None) -> StoredTalk:
        """What was asked and answered in this episode; `before_turn`: but not in that turn."""
        return await self._database.read(_read, user_id, self._clock(), before_turn)

    async def note(
        self,
        user_id: int,
        *,
        danger: str | None = None,
        asked: Sequence[str] = (),
        answers: Mapping[str, str] | None = None,
        turn_id: int | None = None,
    ) -> None:
        """Keep what the person is met for, what is said to them, and what they have answered."""
        now = self._clock()
        await self._database.write(_note, user_id, danger, asked, answers or {}, turn_id, now)

    async def move_buttons(self, user_id: int, message_id: int | None) -> int | None:
        """Note which message has the crisis buttons now; the one that had them before, if any."""
        return await self._database.write(_move_buttons, user_id, message_id)

    async def purge(self) -> None:
        """Forget what was asked and answered in episodes that are over."""
        await self._database.write(_purge, self._clock())


def select_for_people(
    connection: sa.Connection,
    user_ids: Collection[int],
    now: datetime,
    *,
    asked_before: datetime | None = None,
) -> dict[int, StoredTalk]:
    """The talks of several people; nothing of those with whom there is none.

    `asked_before`: only what was asked before a moment, if one is given.
    """
    if not user_ids:
        return {}
    return _read_people(connection, tuple(user_ids), now, asked_before=asked_before)


def in_danger(user_id: sa.SQLColumnExpression[int], now: datetime) -> sa.ColumnElement[bool]:
    """Whether a person is at `CARD_FROM` or above."""
    return sa.exists().where(
        RiskRow.user_id == user_id, RiskRow.level >= CARD_FROM, RiskRow.until > now
    )


def forget(connection: sa.Connection, user_id: int, questions: Collection[str]) -> None:
    """Forget that some questions were asked and answered, in the transaction of what changed it."""
    if questions:
        connection.execute(
            sa.delete(CrisisQuestionRow).where(
                CrisisQuestionRow.user_id == user_id, CrisisQuestionRow.question.in_(questions)
            )
        )


def note_danger(
    connection: sa.Connection,
    user_id: int,
    danger: str | None,
    answers: Mapping[str, str],
    now: datetime,
) -> None:
    """Keep what was read in a message, in the transaction that stores it."""
    _note(connection, user_id, danger, (), answers, None, now)


def _read(
    connection: sa.Connection, user_id: int, now: datetime, before_turn: int | None
) -> StoredTalk:
    return _read_people(connection, (user_id,), now, before_turn).get(user_id, StoredTalk())


def _read_people(
    connection: sa.Connection,
    user_ids: tuple[int, ...],
    now: datetime,
    before_turn: int | None = None,
    *,
    asked_before: datetime | None = None,
) -> dict[int, StoredTalk]:
    since = now - EPISODE
    met_for = {
        row.user_id: row.danger
        for row in connection.execute(
            sa.select(CrisisTalkRow.user_id, CrisisTalkRow.danger).where(
                CrisisTalkRow.user_id.in_(user_ids),
                CrisisTalkRow.danger.is_not(None),
                sa.or_(CrisisTalkRow.danger_at > since, in_danger(CrisisTalkRow.user_id, now)),
            )
        )
    }
    rows = connection.execute(
        sa.select(
            CrisisQuestionRow.user_id,
            CrisisQuestionRow.question,
            CrisisQuestionRow.turn_id,
            CrisisQuestionRow.asked_at,
            CrisisQuestionRow.answer,
            CrisisQuestionRow.answered_at,
        )
        .where(
            CrisisQuestionRow.user_id.in_(user_ids),
            sa.or_(CrisisQuestionRow.asked_at > since, CrisisQuestionRow.answered_at > since),
        )
        .order_by(CrisisQuestionRow.number)
    ).all()
    asked: dict[int, list[str]] = {}
    answers: dict[int, dict[str, tuple[str, datetime]]] = {}
    for row in rows:
        is_own = before_turn is not None and row.turn_id == before_turn
        is_late = asked_before is not None and row.asked_at and row.asked_at >= asked_before
        is_told = row.asked_at is not None and row.asked_at > since
        if is_told and not is_own and not is_late:
            asked.setdefault(row.user_id, []).append(row.question)
        if row.answer is not None and row.answered_at > since:
            answers.setdefault(row.user_id, {})[row.question] = (row.answer, row.answered_at)
    return {
        user_id: _talk(met_for.get(user_id), asked.get(user_id, ()), answers.get(user_id, {}))
        for user_id in {*met_for, *asked, *answers}
    }


def _talk(
    danger: str | None, asked: Sequence[str], answers: Mapping[str, tuple[str, datetime]]
) -> StoredTalk:
    newest = max((at for _, at in answers.values()), default=None)
    return StoredTalk(
        danger,
        tuple(asked),
        answers={question: answer for question, (answer, _) in answers.items()},
        latest={question: answer for question, (answer, at) in answers.items() if at == newest},
    )


def _note(
    connection: sa.Connection,
    user_id: int,
    danger: str | None,
    asked: Sequence[str],
    answers: Mapping[str, str],
    turn_id: int | None,
    now: datetime,
) -> None:
    if danger is not None:
        _put_talk(connection, user_id, {"danger": danger, "danger_at": now})
    last = connection.scalar(
        sa.select(sa.func.max(CrisisQuestionRow.number)).where(CrisisQuestionRow.user_id == user_id)
    )
    for number, question in enumerate(asked, start=(last or 0) + 1):
        said = {"number": number, "turn_id": turn_id, "asked_at": now}
        _put_question(connection, user_id, question, said)
    for question, answer in answers.items():
        _put_question(connection, user_id, question, {"answer": answer, "answered_at": now})


def _put_talk(connection: sa.Connection, user_id: int, values: dict[str, object]) -> None:
    statement = insert(connection, CrisisTalkRow).values(user_id=user_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["user_id"], set_=values))


def _put_question(
    connection: sa.Connection, user_id: int, question: str, values: Mapping[str, object]
) -> None:
    statement = insert(connection, CrisisQuestionRow).values(
        user_id=user_id, question=question, **values
    )
    connection.execute(
        statement.on_conflict_do_update(index_elements=["user_id", "question"], set_=values)
    )


def _move_buttons(connection: sa.Connection, user_id: int, message_id: int | None) -> int | None:
    before = connection.scalar(
        sa.select(CrisisTalkRow.buttons_message_id)
        .where(CrisisTalkRow.user_id == user_id)
        .with_for_update()
    )
    if before != message_id:
        _put_talk(connection, user_id, {"buttons_message_id": message_id})
    return before if before != message_id else None


def _purge(connection: sa.Connection, now: datetime) -> None:
    before = now - EPISODE
    connection.execute(
        sa.delete(CrisisQuestionRow).where(
            sa.or_(CrisisQuestionRow.asked_at.is_(None), CrisisQuestionRow.asked_at < before),
            sa.or_(CrisisQuestionRow.answered_at.is_(None), CrisisQuestionRow.answered_at < before),
        )
    )
    connection.execute(
        sa.update(CrisisTalkRow)
        .where(CrisisTalkRow.danger_at < before, ~in_danger(CrisisTalkRow.user_id, now))
        .values(danger=None, danger_at=None)
    )


def select_for_user(connection: sa.Connection, user_id: int) -> tuple[ExportedQuestion, ...]:
    """What a person was asked and has answered, oldest first."""
    rows = connection.execute(
        sa.select(
            CrisisQuestionRow.question, CrisisQuestionRow.asked_at, CrisisQuestionRow.answered_at
        )
        .where(CrisisQuestionRow.user_id == user_id)
        .order_by(CrisisQuestionRow.number, CrisisQuestionRow.answered_at)
    )
    return tuple(ExportedQuestion(*row) for row in rows)


def erase_for_user(connection: sa.Connection, user_id: int) -> None:
    """Forget the talk with a person."""
    connection.execute(sa.delete(CrisisQuestionRow).where(CrisisQuestionRow.user_id == user_id))
    connection.execute(sa.delete(CrisisTalkRow).where(CrisisTalkRow.user_id == user_id))
