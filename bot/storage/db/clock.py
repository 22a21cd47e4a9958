"""The moment, and one clock for all replicas of a database.

A lease is written by one replica and judged by another: were each to go by its own wall clock, one
whose time is set wrong would take all turns, or lose its own at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

if TYPE_CHECKING:
    from bot.storage.db.database import Database

Clock = Callable[[], datetime]

_NOW: Final = sa.select(sa.func.clock_timestamp(type_=sa.DateTime(timezone=True)))


def utc_now() -> datetime:
    """The moment by the clock of this machine, with its zone."""
    return datetime.now(UTC)


class DatabaseClock:
    """The time of a PostgreSQL, as it was read last and carried on by our monotonic clock."""

    def __init__(
        self, database: Database, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._monotonic = monotonic
        self._epoch = utc_now() - timedelta(seconds=monotonic())
        """The time at zero of our monotonic clock."""

    def __call__(self) -> datetime:
        """The moment, with its zone; by our own clock before the first `read`."""
        return self._epoch + timedelta(seconds=self._monotonic())

    async def read(self) -> None:
        """Ask the database. Raises StorageError; the clock then goes on as it was."""
        before = self._monotonic()
        now: datetime = await self._database.read(_now)
        answered_at = (before + self._monotonic()) / 2
        self._epoch = now.astimezone(UTC) - timedelta(seconds=answered_at)


def _now(connection: sa.Connection) -> datetime:
    return connection.execute(_NOW).scalar_one()
