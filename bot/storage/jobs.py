"""What only one replica does at a time: a period for what recurs, a lease for what lasts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.storage.db.dialect import insert
from bot.storage.models import JobRow

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from bot.storage.db.database import Database
    from bot.storage.db.leases import LeaseOwner


class Jobs:
    """Jobs by name, at most 64 characters without anything about a person in them."""

    def __init__(self, database: Database, lease_owner: LeaseOwner) -> None:
        self._database = database
        self._lease_owner = lease_owner

    async def claim(self, name: str, every: timedelta) -> bool:
        """Whether we are the one to do a job now: true for one replica a period.

        The period begins with the claim, so a replica that dies over the job leaves it undone
        until the next one: what it does must be safe to do late.
        """
        return await self._take(name, every, renewable=False)

    async def hold(self, name: str, lease: timedelta) -> bool:
        """Take or prolong the lease of a job that lasts; false while another replica holds it."""
        return await self._take(name, lease, renewable=True)

    async def release(self, name: str) -> None:
        """Let go of a lease, so that another replica need not wait for its end."""
        await self._database.write(_release, name, self._lease_owner.id)

    async def _take(self, name: str, lasts: timedelta, *, renewable: bool) -> bool:
        now = self._lease_owner.clock()
        row = {"name": name, "owner": self._lease_owner.id, "until": now + lasts}
        return await self._database.write(take, row, now, renewable=renewable)


def take(
    connection: sa.Connection, row: dict[str, object], now: datetime, *, renewable: bool
) -> bool:
    """Take a job whose time is over (or which is ours, if `renewable`); whether that worked."""
    free = JobRow.until <= now
    if renewable:
        free = sa.or_(free, JobRow.owner == row["owner"])
    statement = (
        insert(connection, JobRow)
        .values(row)
        .on_conflict_do_update(
            index_elements=["name"],
            set_={"owner": row["owner"], "until": row["until"]},
            where=free,
        )
    )
    return connection.execute(statement).rowcount == 1


def _release(connection: sa.Connection, name: str, owner: str) -> None:
    connection.execute(sa.delete(JobRow).where(JobRow.name == name, JobRow.owner == owner))
