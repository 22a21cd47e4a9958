"""How much one person was answered lately, counted from turns and from answers made again.

Besides the turns, which are there anyway, the moments are kept in which a person had an answer made
again, for a day, and the one in which they were told: a restart forgets nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.storage.models import RedoRow, TurnRow, UserRow

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from bot.storage.db.clock import Clock
    from bot.storage.db.database import Database


class Limits:
    """What people have used of their answers. Each method is one transaction."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def free_at(self, user_id: int, answers: int, within: timedelta) -> datetime | None:
        """When a person may have another answer, if they get so many in any span `within`.

        A span is a day at most. None: they may have one now.
        """
        since = self._clock() - within
        oldest = await self._database.read(_nth_newest, user_id, answers, since)
        return None if oldest is None else oldest + within

    async def used(self, user_id: int, within: timedelta) -> int:
        """How many answers a person had within a span of a day at most, those made again too."""
        return await self._database.read(_used, user_id, self._clock() - within)

    async def claim_notice(self, user_id: int, every: timedelta) -> bool:
        """Whether to tell a person now: true once in each span `every`, for one replica."""
        now = self._clock()
        return await self._database.write(_tell, user_id, now, now - every)


def _nth_newest(
    connection: sa.Connection, user_id: int, number: int, since: datetime
) -> datetime | None:
    answers = _answers(user_id, since)
    return connection.scalar(
        sa.select(answers.c.at).order_by(answers.c.at.desc()).offset(number - 1).limit(1)
    )


def _used(connection: sa.Connection, user_id: int, since: datetime) -> int:
    counted = sa.select(sa.func.count()).select_from(_answers(user_id, since))
    return connection.scalar(counted) or 0


def _answers(user_id: int, since: datetime) -> sa.Subquery:
    return sa.union_all(
        sa.select(TurnRow.created_at.label("at")).where(
            TurnRow.user_id == user_id, TurnRow.created_at > since
        ),
        sa.select(RedoRow.at).where(RedoRow.user_id == user_id, RedoRow.at > since),
    ).subquery()


def erase_for_user(connection: sa.Connection, user_id: int) -> None:
    """Delete when a person had answers made again."""
    connection.execute(sa.delete(RedoRow).where(RedoRow.user_id == user_id))


def _tell(connection: sa.Connection, user_id: int, now: datetime, before: datetime) -> bool:
    told = sa.or_(UserRow.limit_told_at.is_(None), UserRow.limit_told_at <= before)
    return (
        connection.execute(
            sa.update(UserRow).where(UserRow.id == user_id, told).values(limit_told_at=now)
        ).rowcount
        == 1
    )
