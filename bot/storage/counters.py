"""How often things happened, by day: no ids, no text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog

from bot.storage.db.dialect import insert
from bot.storage.db.errors import StorageError
from bot.storage.models import CounterRow

if TYPE_CHECKING:
    from datetime import date

    from bot.storage.db.clock import Clock
    from bot.storage.db.database import Database

log = structlog.get_logger(__name__)


class Counters:
    """Counts by name and day (UTC); they say how often, never who."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def add(self, name: str, n: int = 1) -> None:
        """Count `n` more of `name` (at most 64 characters, never made of what a person wrote).

        Never raises `StorageError`: what is counted matters more than the count.
        """
        try:
            await self._database.write(_add, self._clock().date(), name, n)
        except StorageError as error:
            log.warning("not_counted", counter=name, error=type(error).__name__)

    async def totals(self, since: date, until: date) -> dict[str, int]:
        """The sum by name of the days from `since` to `until`, both included, in order of name."""
        return await self._database.read(_totals, since, until)


def _add(connection: sa.Connection, day: date, name: str, n: int) -> None:
    statement = insert(connection, CounterRow).values(day=day, name=name, count=n)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["day", "name"],
            set_={"count": CounterRow.count + statement.excluded.count},
        )
    )


def _totals(connection: sa.Connection, since: date, until: date) -> dict[str, int]:
    rows = connection.execute(
        sa.select(CounterRow.name, sa.func.sum(CounterRow.count))
        .where(CounterRow.day.between(since, until))
        .group_by(CounterRow.name)
        .order_by(CounterRow.name)
    )
    # PostgreSQL sums into a decimal.
    return {name: int(total) for name, total in rows}
