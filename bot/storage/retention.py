"""People who have not written for long: who is to be told, and who is erased after that.

writes ──idle for so long──> told ──still idle──> erased
^                           └──writes, or presses a button──> (as if never told)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from bot.storage.models import HandoverRow, RoleGrantRow, TrustedPersonRow, UpdateRow, UserRow

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from bot.storage.db.clock import Clock
    from bot.storage.db.database import Database

TOLD_BEFORE: Final = timedelta(days=14)
"""So long before their data goes people are told."""


@dataclass(frozen=True, slots=True)
class IdlePerson:
    """Somebody who has not written for long."""

    user_id: int
    language_code: str | None


class Retention:
    """Whose data is kept no longer. Each method is one transaction."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def note_returns(self) -> None:
        """Take those who did anything since they were told for people who write."""
        await self._database.write(_note_returns)

    async def list_to_tell(
        self, kept_for: timedelta, limit: int, exclude: Collection[int] = ()
    ) -> list[IdlePerson]:
        """Reachable people who have to be told now, the longest idle first."""
        idle_since = self._clock() - (kept_for - TOLD_BEFORE)
        return await self._database.read(_to_tell, idle_since, limit, tuple(exclude))

    async def mark_told(self, user_id: int) -> None:
        """Note that a person was told."""
        await self._database.write(_mark_told, user_id, self._clock())

    async def list_to_erase(
        self, kept_for: timedelta, limit: int, exclude: Collection[int] = ()
    ) -> list[int]:
        """People whose time is over: told long enough ago, or out of reach."""
        now = self._clock()
        bounds = (now - kept_for, now - TOLD_BEFORE)
        return await self._database.read(_to_erase, bounds, limit, tuple(exclude))


_IS_NEEDED: Final = sa.or_(
    sa.exists().where(HandoverRow.user_id == UserRow.id, HandoverRow.state != "closed"),
    # Somebody counts on them: without them there is no one to be told.
    sa.exists().where(TrustedPersonRow.trusted_id == UserRow.id),
    sa.exists().where(RoleGrantRow.holder_id == UserRow.id),
)


def _note_returns(connection: sa.Connection) -> None:
    last = (
        sa.select(sa.func.max(UpdateRow.received_at))
        .where(UpdateRow.chat_id == UserRow.id)
        .scalar_subquery()
    )
    connection.execute(
        sa.update(UserRow)
        .where(UserRow.retention_told_at.is_not(None), last > UserRow.retention_told_at)
        .values(retention_told_at=None, last_seen_at=last)
    )


def _to_tell(
    connection: sa.Connection, idle_since: datetime, limit: int, exclude: tuple[int, ...]
) -> list[IdlePerson]:
    rows = connection.execute(
        sa.select(UserRow.id, UserRow.language_code)
        .where(
            UserRow.last_seen_at < idle_since,
            UserRow.retention_told_at.is_(None),
            UserRow.unreachable_at.is_(None),
            UserRow.id.not_in(exclude),
            ~_IS_NEEDED,
        )
        .order_by(UserRow.last_seen_at)
        .limit(limit)
    )
    return [IdlePerson(*row) for row in rows]


def _mark_told(connection: sa.Connection, user_id: int, now: datetime) -> None:
    connection.execute(
        sa.update(UserRow).where(UserRow.id == user_id).values(retention_told_at=now)
    )


def _to_erase(
    connection: sa.Connection,
    bounds: tuple[datetime, datetime],
    limit: int,
    exclude: tuple[int, ...],
) -> list[int]:
    idle_since, told_before = bounds
    is_told = UserRow.retention_told_at < told_before
    return list(
        connection.scalars(
            sa.select(UserRow.id)
            .where(
                UserRow.last_seen_at < idle_since,
                sa.or_(is_told, UserRow.unreachable_at < told_before),
                UserRow.id.not_in(exclude),
                ~_IS_NEEDED,
            )
            .order_by(UserRow.last_seen_at)
            .limit(limit)
        )
    )
