"""What became of a person's last messages: times, states, reasons; no text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.storage.models import CrisisCardRow, HandoverRow, TurnRow, UpdateRow, UserRow

if TYPE_CHECKING:
    from datetime import datetime

    from bot.storage.db.database import Database


@dataclass(frozen=True, slots=True)
class TurnTrace:
    """One turn. `updates` are the messages it was made of, as far as they are kept."""

    id: int
    state: str
    failure: str | None
    created_at: datetime
    answered_at: datetime | None
    attempts: int
    is_shown: bool
    is_claimed: bool
    updates: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class UpdateTrace:
    """One update that belongs to no turn: a command, a button, or a message that waits."""

    id: int
    lane: str
    state: str
    reason: str | None
    received_at: datetime
    attempts: int


@dataclass(frozen=True, slots=True)
class CardTrace:
    """One crisis card."""

    level: int
    state: str
    created_at: datetime
    turn_update: int


@dataclass(frozen=True, slots=True)
class PersonTrace:
    """What is known of how a person fares with the bot."""

    is_known: bool
    last_seen_at: datetime | None = None
    unreachable_at: datetime | None = None
    limit_told_at: datetime | None = None
    handover: str | None = None
    turns: tuple[TurnTrace, ...] = ()
    updates: tuple[UpdateTrace, ...] = ()
    cards: tuple[CardTrace, ...] = ()


class Traces:
    """Reads traces; each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def for_user(self, user_id: int, limit: int) -> PersonTrace:
        """The last `limit` turns, updates and cards of a person, oldest first."""
        return await self._database.read(_trace, user_id, limit)


def _trace(connection: sa.Connection, user_id: int, limit: int) -> PersonTrace:
    user = connection.execute(
        sa.select(UserRow.last_seen_at, UserRow.unreachable_at, UserRow.limit_told_at).where(
            UserRow.id == user_id
        )
    ).one_or_none()
    handover = connection.scalar(
        sa.select(HandoverRow.state).where(
            HandoverRow.user_id == user_id, HandoverRow.state != "closed"
        )
    )
    turns = _turns(connection, user_id, limit)
    updates = connection.execute(
        sa.select(
            UpdateRow.update_id,
            UpdateRow.lane,
            UpdateRow.state,
            UpdateRow.reason,
            UpdateRow.received_at,
            UpdateRow.attempts,
        )
        .where(UpdateRow.chat_id == user_id, UpdateRow.turn_id.is_(None))
        .order_by(UpdateRow.update_id.desc())
        .limit(limit)
    ).all()
    cards = connection.execute(
        sa.select(
            CrisisCardRow.level,
            CrisisCardRow.state,
            CrisisCardRow.created_at,
            CrisisCardRow.update_id,
        )
        .where(CrisisCardRow.user_id == user_id)
        .order_by(CrisisCardRow.created_at.desc())
        .limit(limit)
    ).all()
    return PersonTrace(
        is_known=bool(user or turns or updates),
        last_seen_at=None if user is None else user.last_seen_at,
        unreachable_at=None if user is None else user.unreachable_at,
        limit_told_at=None if user is None else user.limit_told_at,
        handover=handover,
        turns=turns,
        updates=tuple(UpdateTrace(*row) for row in reversed(updates)),
        cards=tuple(CardTrace(*row) for row in reversed(cards)),
    )


def _turns(connection: sa.Connection, user_id: int, limit: int) -> tuple[TurnTrace, ...]:
    rows = connection.execute(
        sa.select(
            TurnRow.id,
            TurnRow.state,
            TurnRow.failure,
            TurnRow.created_at,
            TurnRow.answered_at,
            TurnRow.attempts,
            TurnRow.answer_message_id.is_not(None).label("is_shown"),
            TurnRow.owner.is_not(None).label("is_claimed"),
        )
        .where(TurnRow.user_id == user_id)
        .order_by(TurnRow.id.desc())
        .limit(limit)
    ).all()
    of_turn: dict[int | None, list[int]] = {}
    for turn_id, update_id in connection.execute(
        sa.select(UpdateRow.turn_id, UpdateRow.update_id)
        .where(UpdateRow.turn_id.in_([row.id for row in rows]))
        .order_by(UpdateRow.update_id)
    ):
        of_turn.setdefault(turn_id, []).append(update_id)
    return tuple(TurnTrace(*row, updates=tuple(of_turn.get(row.id, ()))) for row in reversed(rows))
