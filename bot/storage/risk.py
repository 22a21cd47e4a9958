"""The danger a person is in: it belongs to them, not to a conversation, and it ends by itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

import sqlalchemy as sa

from bot.storage.db.dialect import insert
from bot.storage.models import CheckInRow, RiskRow, TurnRow, UpdateRow, UserRow

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from bot.storage.db.clock import Clock
    from bot.storage.db.database import Database

CARD_FROM: Final = 2
"""The level from which a card is owed and a person is asked after: high."""

PendingQuestion = Literal["safe", "check_in"]
"""Whether the person is safe (a card, the help button), or how they are (a check-in)."""


@dataclass(frozen=True, slots=True)
class RiskSignal:
    """A sign of danger that was read in an update, or in the turn that the update became.

    Levels are those of `bot.safety` as numbers; from `CARD_FROM` on a card is owed. `ends` says
    until when each level up to this one is kept in mind, `check_in_at` when to ask after the
    person (None: not at all). `stops_answer`: the answer that is being made in the chat is stopped
    for a card; not so for an edit, which may be of the very message that is being answered.
    """

    update_id: int
    chat_id: int
    user_id: int
    level: int
    language_code: str | None
    ends: Mapping[int, datetime]
    check_in_at: datetime | None = None
    stops_answer: bool = True


@dataclass(frozen=True, slots=True)
class RiskState:
    """What is kept in mind of a person: until when each level holds, and when to ask after them.

    `check_in_at` is None where the person is not to be asked, or was asked already.
    `pending_question` is what the bot asked last, if that was not in an answer. `region` is whose
    hotlines the person chose. `ends_before` are those of `ends` that were known before the messages
    of a turn, where it was asked for one.
    """

    ends: Mapping[int, datetime]
    check_in_at: datetime | None = None
    pending_question: PendingQuestion | None = None
    region: str | None = None
    ends_before: Mapping[int, datetime] = field(default_factory=dict)


class Risk:
    """Levels of danger and check-ins, by person. Each method is one transaction."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def for_user(self, user_id: int) -> RiskState:
        """What is kept in mind of a person; the caller asks which level holds now."""
        return await self._database.read(read_for_user, user_id)

    async def for_turn(self, user_id: int, turn_id: int) -> RiskState:
        """What is kept in mind of the person of a turn, and what was before its messages."""
        return await self._database.read(read_for_user, user_id, turn_id)

    async def for_users(self, user_ids: Collection[int]) -> dict[int, RiskState]:
        """The levels of people and what they were asked; nothing of those who have no level."""
        return await self._database.read(_read_for_users, tuple(user_ids))

    async def record(self, signal: RiskSignal) -> None:
        """Keep a level in mind without owing a card for it."""
        await self._database.write(record, signal, self._clock())

    async def lower(self, user_id: int, lowest: int) -> None:
        """Go down one level, never below `lowest`: the person said they are safe."""
        await self._database.write(_lower, user_id, lowest, self._clock())

    async def postpone_check_in(self, user_id: int, due_at: datetime) -> None:
        """Move a check-in that is still to come: the person has written."""
        await self._database.write(_postpone_check_in, user_id, due_at)

    async def claim_check_ins(self, limit: int) -> list[tuple[int, str | None]]:
        """People to ask after now and the language of their Telegram; each is given out once.

        Not among them: who blocked the bot, wants no check-ins, or is no longer at high.
        """
        return await self._database.write(_claim_check_ins, self._clock(), limit)

    async def release_check_in(self, user_id: int, due_at: datetime) -> None:
        """Note that a check-in could not be delivered and is to be tried again."""
        await self._database.write(_release_check_in, user_id, due_at)

    async def purge(self) -> None:
        """Forget the danger that is over."""
        await self._database.write(_purge, self._clock())


def record(connection: sa.Connection, signal: RiskSignal, now: datetime) -> None:
    """Keep a level, and those below it, in mind for longer; never for shorter."""
    if signal.check_in_at is not None and signal.level >= CARD_FROM:
        _expect_check_in(connection, signal.user_id, signal.check_in_at, now)
    for level, until in signal.ends.items():
        statement = insert(connection, RiskRow).values(
            user_id=signal.user_id, level=int(level), raised_at=now, until=until
        )
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["user_id", "level"],
                set_={"raised_at": now, "until": statement.excluded.until},
                where=RiskRow.until < statement.excluded.until,
            )
        )


def read_for_user(connection: sa.Connection, user_id: int, turn_id: int | None = None) -> RiskState:
    """What is stored about a person, ended or not."""
    region = connection.scalar(sa.select(UserRow.region).where(UserRow.id == user_id))
    levels = connection.execute(
        sa.select(RiskRow.level, RiskRow.until, RiskRow.raised_at).where(RiskRow.user_id == user_id)
    ).all()
    if not levels:
        return RiskState({}, region=region)
    due_at = connection.scalar(sa.select(CheckInRow.due_at).where(CheckInRow.user_id == user_id))
    said_at = None
    if turn_id is not None:
        said_at = connection.scalar(
            sa.select(sa.func.min(UpdateRow.received_at)).where(UpdateRow.turn_id == turn_id)
        )
    return RiskState(
        ends={row.level: row.until for row in levels},
        check_in_at=due_at,
        pending_question=_pending_questions(connection, [user_id]).get(user_id),
        region=region,
        ends_before={
            row.level: row.until
            for row in levels
            if turn_id is not None and (said_at is None or row.raised_at < said_at)
        },
    )


def _read_for_users(connection: sa.Connection, user_ids: tuple[int, ...]) -> dict[int, RiskState]:
    ends: dict[int, dict[int, datetime]] = {}
    for row in connection.execute(
        sa.select(RiskRow.user_id, RiskRow.level, RiskRow.until).where(
            RiskRow.user_id.in_(user_ids)
        )
    ):
        ends.setdefault(row.user_id, {})[row.level] = row.until
    if not ends:
        return {}  # most messages of most people: nothing more is asked
    asked = _pending_questions(connection, tuple(ends))
    return {
        user_id: RiskState(levels, pending_question=asked.get(user_id))
        for user_id, levels in ends.items()
    }


def _pending_questions(
    connection: sa.Connection, user_ids: Collection[int]
) -> dict[int, PendingQuestion]:
    """What people were asked, where the bot has given them no answer since.

    Whatever raises a person so far shows a card, or the hotlines, which ask in the same way.
    """
    answered_at = (
        sa.select(sa.func.max(TurnRow.answered_at))
        .where(TurnRow.user_id == RiskRow.user_id, TurnRow.answer.is_not(None))
        .scalar_subquery()
    )
    rows = connection.execute(
        sa.select(
            RiskRow.user_id,
            sa.func.max(RiskRow.raised_at).label("raised_at"),
            CheckInRow.sent_at,
            answered_at.label("answered_at"),
        )
        .outerjoin(CheckInRow, CheckInRow.user_id == RiskRow.user_id)
        .where(RiskRow.user_id.in_(user_ids), RiskRow.level >= CARD_FROM)
        .group_by(RiskRow.user_id, CheckInRow.sent_at)
    )
    asked: dict[int, PendingQuestion] = {}
    for row in rows:
        is_check_in = row.sent_at is not None and row.sent_at > row.raised_at
        at = row.sent_at if is_check_in else row.raised_at
        if row.answered_at is None or row.answered_at < at:
            asked[row.user_id] = "check_in" if is_check_in else "safe"
    return asked


def _lower(connection: sa.Connection, user_id: int, lowest: int, now: datetime) -> None:
    highest = connection.scalar(
        sa.select(sa.func.max(RiskRow.level)).where(RiskRow.user_id == user_id, RiskRow.until > now)
    )
    if highest is not None and highest > lowest:
        connection.execute(
            sa.delete(RiskRow).where(RiskRow.user_id == user_id, RiskRow.level == highest)
        )
    connection.execute(
        sa.update(CheckInRow).where(CheckInRow.user_id == user_id).values(due_at=None)
    )


def _postpone_check_in(connection: sa.Connection, user_id: int, due_at: datetime) -> None:
    connection.execute(
        sa.update(CheckInRow)
        .where(CheckInRow.user_id == user_id, CheckInRow.due_at.is_not(None))
        .values(due_at=due_at)
    )


def _claim_check_ins(
    connection: sa.Connection, now: datetime, limit: int
) -> list[tuple[int, str | None]]:
    rows = connection.execute(
        sa.select(CheckInRow.user_id, UserRow.language_code)
        .join(UserRow, UserRow.id == CheckInRow.user_id)
        .where(
            CheckInRow.due_at <= now,
            UserRow.unreachable_at.is_(None),
            UserRow.check_ins_off_at.is_(None),
            _in_danger(CheckInRow.user_id, now),
        )
        .order_by(CheckInRow.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True, of=CheckInRow)
    ).all()
    claimed = [row.user_id for row in rows]
    connection.execute(
        sa.update(CheckInRow)
        .where(CheckInRow.user_id.in_(claimed))
        .values(due_at=None, sent_at=now)
    )
    return [(row.user_id, row.language_code) for row in rows]


def _release_check_in(connection: sa.Connection, user_id: int, due_at: datetime) -> None:
    connection.execute(
        sa.update(CheckInRow)
        .where(CheckInRow.user_id == user_id)
        .values(due_at=due_at, sent_at=None)
    )


def _purge(connection: sa.Connection, now: datetime) -> None:
    connection.execute(sa.delete(RiskRow).where(RiskRow.until <= now))
    connection.execute(sa.delete(CheckInRow).where(~_in_danger(CheckInRow.user_id, now)))


def erase_for_user(connection: sa.Connection, user_id: int) -> None:
    """Forget a person."""
    connection.execute(sa.delete(RiskRow).where(RiskRow.user_id == user_id))
    connection.execute(sa.delete(CheckInRow).where(CheckInRow.user_id == user_id))


def _expect_check_in(
    connection: sa.Connection, user_id: int, due_at: datetime, now: datetime
) -> None:
    """Plan one check-in for an episode; an episode lasts as long as the person is at high."""
    statement = insert(connection, CheckInRow).values(user_id=user_id, due_at=due_at)
    goes_on = connection.scalar(sa.select(_in_danger(sa.literal(user_id), now)))
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["user_id"],
            set_={"due_at": due_at, "sent_at": None},
            where=CheckInRow.sent_at.is_(None) if goes_on else None,
        )
    )


def _in_danger(user_id: sa.SQLColumnExpression[int], now: datetime) -> sa.ColumnElement[bool]:
    return sa.exists().where(
        RiskRow.user_id == user_id, RiskRow.level >= CARD_FROM, RiskRow.until > now
    )
