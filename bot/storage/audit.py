"""What administrators did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.storage.models import AdminAuditRow

if TYPE_CHECKING:
    from datetime import datetime

    from bot.storage.db.clock import Clock
    from bot.storage.db.database import Database


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One act of an administrator."""

    admin_id: int
    action: str
    target: str
    outcome: str
    at: datetime


class Audit:
    """The record of administrators' acts. Nothing in it is ever changed."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def record(self, admin_id: int, action: str, target: str, outcome: str) -> None:
        """Write an act down: short words for machines and ids, at most 64 characters each."""
        entry = AuditEntry(admin_id, action[:64], target[:64], outcome[:64], self._clock())
        await self._database.write(_record, entry)

    async def list_recent(self, limit: int) -> list[AuditEntry]:
        """The newest acts, newest first."""
        return await self._database.read(_recent, limit)


def _record(connection: sa.Connection, entry: AuditEntry) -> None:
    connection.execute(
        sa.insert(AdminAuditRow),
        {
            "admin_id": entry.admin_id,
            "action": entry.action,
            "target": entry.target,
            "outcome": entry.outcome,
            "at": entry.at,
        },
    )


def _recent(connection: sa.Connection, limit: int) -> list[AuditEntry]:
    rows = connection.execute(
        sa.select(
            AdminAuditRow.admin_id,
            AdminAuditRow.action,
            AdminAuditRow.target,
            AdminAuditRow.outcome,
            AdminAuditRow.at,
        )
        .order_by(AdminAuditRow.id.desc())
        .limit(limit)
    )
    return [AuditEntry(*row) for row in rows]
