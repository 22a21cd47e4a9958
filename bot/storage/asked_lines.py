"""What a person is asked to write in one line beside their talk, and for what: one at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.storage import cards, check_ins
from bot.storage.db.dialect import insert
from bot.storage.models import AskedLineRow, SafetyPlanRow

if TYPE_CHECKING:
    from datetime import datetime

    from bot.storage.db.clock import Clock
    from bot.storage.db.database import Database


@dataclass(frozen=True, slots=True)
class AskedLine:
    """A line that is asked for.

    Args:
        purpose: the feature that it is for.
        at: since when.
        shown_in: the message that asks; None: it is still to be sent.
        is_interrupted: whether a crisis card or a check-in has asked something since.
    """

    purpose: str
    at: datetime
    shown_in: int | None
    is_interrupted: bool


class AskedLines:
    """The lines that are asked for. Each method is one transaction."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def asked(self, user_id: int) -> AskedLine | None:
        """What a person is asked to write; None: nothing."""
        return await self._database.read(_asked, user_id)

    async def ask(self, user_id: int, purpose: str, shown_in: int | None = None) -> None:
        """Take what a person writes next as the line for `purpose`, and for nothing else."""
        await self._database.write(_ask, user_id, purpose, shown_in, self._clock())

    async def note_shown(self, user_id: int, purpose: str, message_id: int) -> None:
        """Note which message asks, if that is still what is asked."""
        await self._database.write(_note_shown, user_id, purpose, message_id)

    async def stop(self, user_id: int, purpose: str | None = None) -> None:
        """Ask for nothing any more; `purpose`: only if it is that."""
        await self._database.write(_stop, user_id, purpose)


def is_asked_of(user_id: sa.SQLColumnExpression[int | None]) -> sa.ColumnElement[bool]:
    """Whether a person is asked for a line."""
    return sa.exists().where(AskedLineRow.user_id == user_id)


def erase_for_user(connection: sa.Connection, user_id: int) -> None:
    """Ask a person for nothing any more."""
    connection.execute(sa.delete(AskedLineRow).where(AskedLineRow.user_id == user_id))


def _asked(connection: sa.Connection, user_id: int) -> AskedLine | None:
    row = connection.execute(
        sa.select(AskedLineRow.purpose, AskedLineRow.asked_at, AskedLineRow.shown_in).where(
            AskedLineRow.user_id == user_id
        )
    ).one_or_none()
    if row is None:
        return None
    is_interrupted = sa.or_(
        cards.asked_since(user_id, row.asked_at), check_ins.sent_since(user_id, row.asked_at)
    )
    return AskedLine(*row, is_interrupted=bool(connection.scalar(sa.select(is_interrupted))))


def _ask(
    connection: sa.Connection, user_id: int, purpose: str, shown_in: int | None, now: datetime
) -> None:
    values = {"purpose": purpose, "asked_at": now, "shown_in": shown_in}
    # One thing is asked at a time: a step of the safety plan waits.
    connection.execute(
        sa.update(SafetyPlanRow)
        .where(SafetyPlanRow.user_id == user_id, SafetyPlanRow.asked.is_not(None))
        .values(asked=None, asked_before=None, asked_at=now, shown_in=None)
    )
    statement = insert(connection, AskedLineRow).values(user_id=user_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["user_id"], set_=values))


def _note_shown(connection: sa.Connection, user_id: int, purpose: str, message_id: int) -> None:
    connection.execute(
        sa.update(AskedLineRow)
        .where(AskedLineRow.user_id == user_id, AskedLineRow.purpose == purpose)
        .values(shown_in=message_id)
    )


def _stop(connection: sa.Connection, user_id: int, purpose: str | None) -> None:
    which = [AskedLineRow.user_id == user_id]
    if purpose is not None:
        which.append(AskedLineRow.purpose == purpose)
    connection.execute(sa.delete(AskedLineRow).where(*which))
