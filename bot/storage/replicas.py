"""The processes of the bot, and which keys each has.

While keys are rotated one replica writes what another cannot read yet. Whether a text is damaged or
only early is told by this: some replica has its key.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from bot.storage.db.dialect import insert
from bot.storage.models import ReplicaRow

if TYPE_CHECKING:
    from datetime import datetime

    from bot.storage.db.clock import Clock
    from bot.storage.db.database import Database
    from bot.storage.db.encryption import Cipher
    from bot.storage.db.leases import LeaseOwner

REPORT_EVERY: Final = timedelta(seconds=30)
LIVES_FOR: Final = 3 * REPORT_EVERY
"""A replica that has not reported for so long is taken for dead."""
HOLDS_FOR: Final = timedelta(days=1)
"""What a replica wrote may have to be read by another for so long after it was seen."""
KEPT_FOR: Final = timedelta(days=400)
"""That a key was the first one once tells an old one from a new one."""


@dataclass(frozen=True, slots=True)
class ReplicaReport:
    """What a process said of itself; the first of its keys encrypts."""

    id: str
    version: str
    key_ids: tuple[str, ...]
    started_at: datetime
    seen_at: datetime
    is_live: bool


class Replicas:
    """Each method is one transaction."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def report(self, owner: LeaseOwner, cipher: Cipher, version: str) -> None:
        """Say that a process is there, and which keys it has."""
        row = {"id": owner.id, "version": version[:32], "key_ids": _joined(cipher.key_ids)}
        await self._database.write(_report, row, self._clock())

    async def note_command(self, cipher: Cipher) -> None:
        """Keep in mind in which order a command that writes has these keys; it does not stay."""
        key_ids = cipher.key_ids
        row = {"id": f"command {key_ids[0]}", "version": "", "key_ids": _joined(key_ids)}
        await self._database.write(_report, row, self._clock())
        await self._database.write(_leave, row["id"], self._clock())

    async def leave(self, owner: LeaseOwner) -> None:
        """Say that a process ends."""
        await self._database.write(_leave, owner.id, self._clock())

    async def list_all(self) -> list[ReplicaReport]:
        """The processes of the last weeks, the newest first."""
        return await self._database.read(_list, self._clock() - LIVES_FOR)


def is_held(connection: sa.Connection, key_id: str, now: datetime) -> bool:
    """Whether a replica has a key, or had it when it was seen within a day."""
    held = sa.select(
        sa.exists().where(
            ReplicaRow.key_ids.contains(f" {key_id} ", autoescape=True),
            ReplicaRow.seen_at > now - HOLDS_FOR,
        )
    )
    return bool(connection.scalar(held))


def _report(connection: sa.Connection, row: dict[str, str], now: datetime) -> None:
    statement = insert(connection, ReplicaRow).values(**row, started_at=now, seen_at=now)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["id"], set_={"seen_at": now, "key_ids": row["key_ids"]}
        )
    )
    connection.execute(sa.delete(ReplicaRow).where(ReplicaRow.seen_at < now - KEPT_FOR))


def _leave(connection: sa.Connection, replica_id: str, now: datetime) -> None:
    ended = sa.update(ReplicaRow).where(ReplicaRow.id == replica_id)
    connection.execute(ended.values(stopped_at=now))


def _list(connection: sa.Connection, live_since: datetime) -> list[ReplicaReport]:
    rows = connection.execute(
        sa.select(
            ReplicaRow.id,
            ReplicaRow.version,
            ReplicaRow.key_ids,
            ReplicaRow.started_at,
            ReplicaRow.seen_at,
            ReplicaRow.stopped_at,
        ).order_by(ReplicaRow.seen_at.desc())
    )
    return [
        ReplicaReport(
            row.id,
            row.version,
            tuple(row.key_ids.split()),
            row.started_at,
            row.seen_at,
            is_live=row.stopped_at is None and row.seen_at > live_since,
        )
        for row in rows
    ]


def _joined(key_ids: tuple[str, ...]) -> str:
    """Ids between spaces: the newest that fit the column, whole."""
    return f" {' '.join(key_ids[:27])} "
