"""Breathing that is led in a message now: one a person, held by the process that leads it.

What its process left behind is claimed by the next, which ends it. Deleting the row stops it,
whichever process leads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from bot.storage.db.dialect import insert
from bot.storage.db.leases import Leases
from bot.storage.models import BreathingRow

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.storage.db.database import Database
    from bot.storage.db.leases import Lease, LeaseOwner

_LEASES: Final = Leases(BreathingRow, (BreathingRow.user_id,), claimable=sa.true())


@dataclass(frozen=True, slots=True)
class Breathing:
    """Breathing that is led in a message of a person's private chat."""

    user_id: int
    message_id: int
    pattern: str


class Breathings:
    """What is led now. Each method is one transaction."""

    def __init__(self, database: Database, lease_owner: LeaseOwner) -> None:
        self._database = database
        self._lease_owner = lease_owner

    async def begin(self, breathing: Breathing) -> Breathing | None:
        """Begin to lead; what was led for the same person until now, if anything."""
        return await self._database.write(_begin, breathing, self._lease_owner.lease())

    async def goes_on(self, breathing: Breathing) -> bool:
        """Whether a person is still to be led in this message."""
        return await self._database.read(_select, breathing.user_id) == breathing

    async def stop(self, user_id: int) -> Breathing | None:
        """Lead a person no more; what was led until now, if anything."""
        return await self._database.write(_stop, user_id)

    async def end(self, breathing: Breathing) -> bool:
        """Forget what has come to its end; False if it was stopped before."""
        return await self._database.write(_end, breathing)

    async def claim_left(self, limit: int) -> list[Breathing]:
        """Claim what no process leads any more."""
        return await self._database.write(_claim_left, limit, self._lease_owner.lease())

    async def renew(self, user_ids: Collection[int]) -> None:
        """Prolong our leases."""
        await self._database.write(_LEASES.renew, tuple(user_ids), self._lease_owner.lease())

    async def release_others(self) -> int:
        """Release what another owner led, for a bot that knows it is the only one."""
        return await self._database.write(_LEASES.release_others, self._lease_owner.id)


def erase_for_user(connection: sa.Connection, user_id: int) -> None:
    """Lead a person no more."""
    connection.execute(sa.delete(BreathingRow).where(BreathingRow.user_id == user_id))


def _select(connection: sa.Connection, user_id: int) -> Breathing | None:
    row = connection.execute(
        sa.select(BreathingRow.user_id, BreathingRow.message_id, BreathingRow.pattern).where(
            BreathingRow.user_id == user_id
        )
    ).one_or_none()
    return None if row is None else Breathing(*row)


def _begin(connection: sa.Connection, breathing: Breathing, lease: Lease) -> Breathing | None:
    before = _select(connection, breathing.user_id)
    values = {
        "message_id": breathing.message_id,
        "pattern": breathing.pattern,
        "begun_at": lease.now,
        "owner": lease.owner,
        "lease_until": lease.until,
    }
    statement = insert(connection, BreathingRow).values(user_id=breathing.user_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["user_id"], set_=values))
    return before


def _stop(connection: sa.Connection, user_id: int) -> Breathing | None:
    before = _select(connection, user_id)
    erase_for_user(connection, user_id)
    return before


def _end(connection: sa.Connection, breathing: Breathing) -> bool:
    statement = sa.delete(BreathingRow).where(
        BreathingRow.user_id == breathing.user_id, BreathingRow.message_id == breathing.message_id
    )
    return connection.execute(statement).rowcount > 0


def _claim_left(connection: sa.Connection, limit: int, lease: Lease) -> list[Breathing]:
    rows = connection.execute(
        sa.select(BreathingRow.user_id, BreathingRow.message_id, BreathingRow.pattern)
        .where(_LEASES.is_free(lease.now))
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    _LEASES.claim(connection, [row.user_id for row in rows], lease)
    return [Breathing(*row) for row in rows]
