"""The danger a person is in, and when to ask after them: functions over a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.storage.db.dialect import insert
from bot.storage.models import CheckInRow, RiskRow, TurnRow, UserRow
from bot.storage.values import CARD_FROM, RiskState

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from bot.storage.values import PendingQuestion, RiskSignal


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


def state_of(connection: sa.Connection, user_id: int) -> RiskState:
    """What is stored about a person, ended or not."""
    region = connection.scalar(sa.select(UserRow.region).where(UserRow.id == user_id))
    levels = connection.execute(
        sa.select(RiskRow.level, RiskRow.until).where(RiskRow.user_id == user_id)
    ).all()
    if not levels:
        return RiskState({}, region=region)
    due_at = connection.scalar(sa.select(CheckInRow.due_at).where(CheckInRow.user_id == user_id))
    return RiskState(
        ends={row.level: row.until for row in levels},
        check_in_at=due_at,
        pending_question=pending_questions(connection, [user_id]).get(user_id),
        region=region,
    )


def pending_questions(
    connection: sa.Connection, user_ids: Collection[int]
) -> dict[int, PendingQuestion]:
    """What people were asked, where the bot has given them no answer since.

    Whatever raises somebody so far shows a card, or the hotlines, which ask in the same way.
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


def lower(connection: sa.Connection, user_id: int, lowest: int, now: datetime) -> None:
    """End the highest level that holds, unless it is `lowest`, and the wait for a check-in."""
    highest = connection.scalar(
        sa.select(sa.func.max(RiskRow.level)).where(RiskRow.user_id == user_id, RiskRow.until > now)
    )
    if highest is not None and highest > lowest:
        connection.execute(
            sa.delete(RiskRow).where(RiskRow.user_id == user_id, RiskRow.level == highest)
        )
    expect_none(connection, user_id)


def expect_none(connection: sa.Connection, user_id: int) -> None:
    """Ask after a person no more in this episode."""
    connection.execute(
        sa.update(CheckInRow).where(CheckInRow.user_id == user_id).values(due_at=None)
    )


def postpone(connection: sa.Connection, user_id: int, due_at: datetime) -> None:
    """Move a check-in that is still to come."""
    connection.execute(
        sa.update(CheckInRow)
        .where(CheckInRow.user_id == user_id, CheckInRow.due_at.is_not(None))
        .values(due_at=due_at)
    )


def claim_check_ins(
    connection: sa.Connection, now: datetime, limit: int
) -> list[tuple[int, str | None]]:
    """People to ask after now, with the language of their Telegram; each is given out once."""
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


def hand_back(connection: sa.Connection, user_id: int, due_at: datetime) -> None:
    """Note that a check-in could not be delivered and is to be tried again."""
    connection.execute(
        sa.update(CheckInRow)
        .where(CheckInRow.user_id == user_id)
        .values(due_at=due_at, sent_at=None)
    )


def purge(connection: sa.Connection, now: datetime) -> None:
    """Forget the danger that is over, and the check-ins that belonged to it."""
    connection.execute(sa.delete(RiskRow).where(RiskRow.until <= now))
    connection.execute(sa.delete(CheckInRow).where(~_in_danger(CheckInRow.user_id, now)))


def erase(connection: sa.Connection, user_id: int) -> None:
    """Forget a person."""
    connection.execute(sa.delete(RiskRow).where(RiskRow.user_id == user_id))
    connection.execute(sa.delete(CheckInRow).where(CheckInRow.user_id == user_id))


def _expect_check_in(
    connection: sa.Connection, user_id: int, due_at: datetime, now: datetime
) -> None:
    """Plan one check-in for an episode; an episode lasts as long as somebody is at high."""
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
