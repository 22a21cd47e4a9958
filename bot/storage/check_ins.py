"""When to ask after people who were in danger: once in an episode, and not while they write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.storage.crisis_talks import in_danger
from bot.storage.db.dialect import insert
from bot.storage.models import CheckInRow, CrisisCardRow, UserRow

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from bot.storage.db.clock import Clock
    from bot.storage.db.database import Database


class CheckInSchedule:
    """Check-ins that are to come, one a person. Each method is one transaction.

    `Risk.record` plans them.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def postpone(self, user_id: int, due_at: datetime) -> None:
        """Move a check-in that is still to come: the person has written."""
        await self._database.write(_postpone, user_id, due_at)

    async def claim_due(
        self, limit: int, *, not_after: Collection[str] = ()
    ) -> list[tuple[int, str | None]]:
        """People to ask after now and the language of their Telegram; each is given out once.

        Not among them: who blocked the bot, wants no check-ins, is no longer at high, or has had a
        card of one of the dangers `not_after`, whose phone another may read.
        """
        return await self._database.write(_claim_due, self._clock(), limit, tuple(not_after))

    async def release(self, user_id: int, due_at: datetime) -> None:
        """Note that a check-in could not be delivered and is to be tried again."""
        await self._database.write(_release, user_id, due_at)

    async def purge(self) -> None:
        """Forget the check-ins of episodes that are over."""
        await self._database.write(_purge, self._clock())


def expect(connection: sa.Connection, user_id: int, due_at: datetime, now: datetime) -> None:
    """Plan one check-in for an episode; an episode lasts as long as the person is at high.

    Call it before the levels of a new sign of danger are written: whether an episode goes on is
    read from those that were known.
    """
    statement = insert(connection, CheckInRow).values(user_id=user_id, due_at=due_at)
    goes_on = connection.scalar(sa.select(in_danger(sa.literal(user_id), now)))
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["user_id"],
            set_={"due_at": due_at, "sent_at": None},
            where=CheckInRow.sent_at.is_(None) if goes_on else None,
        )
    )


def cancel(connection: sa.Connection, user_id: int) -> None:
    """Do not ask after a person in this episode."""
    connection.execute(
        sa.update(CheckInRow).where(CheckInRow.user_id == user_id).values(due_at=None)
    )


def select_due_at(connection: sa.Connection, user_id: int) -> datetime | None:
    """When a person is to be asked after; None: they are not, or were already."""
    return connection.scalar(sa.select(CheckInRow.due_at).where(CheckInRow.user_id == user_id))


def sent_since(user_id: int, moment: datetime) -> sa.ColumnElement[bool]:
    """Whether a check-in was sent to a person after a moment."""
    return sa.exists().where(CheckInRow.user_id == user_id, CheckInRow.sent_at > moment)


def erase_for_user(connection: sa.Connection, user_id: int) -> None:
    """Forget a person."""
    connection.execute(sa.delete(CheckInRow).where(CheckInRow.user_id == user_id))


def _postpone(connection: sa.Connection, user_id: int, due_at: datetime) -> None:
    connection.execute(
        sa.update(CheckInRow)
        .where(CheckInRow.user_id == user_id, CheckInRow.due_at.is_not(None))
        .values(due_at=due_at)
    )


def _claim_due(
    connection: sa.Connection, now: datetime, limit: int, not_after: tuple[str, ...]
) -> list[tuple[int, str | None]]:
    had_card = sa.exists().where(
        CrisisCardRow.user_id == CheckInRow.user_id, CrisisCardRow.danger.in_(not_after)
    )
    rows = connection.execute(
        sa.select(CheckInRow.user_id, UserRow.language_code)
        .join(UserRow, UserRow.id == CheckInRow.user_id)
        .where(
            CheckInRow.due_at <= now,
            UserRow.unreachable_at.is_(None),
            UserRow.check_ins_off_at.is_(None),
            ~had_card,
            in_danger(CheckInRow.user_id, now),
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


def _release(connection: sa.Connection, user_id: int, due_at: datetime) -> None:
    connection.execute(
        sa.update(CheckInRow)
        .where(CheckInRow.user_id == user_id)
        .values(due_at=due_at, sent_at=None)
    )


def _purge(connection: sa.Connection, now: datetime) -> None:
    connection.execute(sa.delete(CheckInRow).where(~in_danger(CheckInRow.user_id, now)))
