"""Leases: who works on a row, and until when no other process may.

A row is free, or held by one owner until `lease_until`. An owner that lives renews its leases; the
leases of one that died run out, and the next owner goes on with the row. Work is never finished by
an owner whose lease was taken: each write asks for the owner again.

Updates, turns and crisis cards are worked on like this. Jobs (`bot.storage.jobs`) are not: a job
has no row before it is claimed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from bot.storage.db.clock import utc_now

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from bot.storage.db.clock import Clock


class LeaseColumns:
    """The columns of a table whose rows are held by one owner at a time."""

    owner: Mapped[str | None] = mapped_column(sa.String(64))
    lease_until: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Lease:
    """What an owner claims or renews at one moment."""

    owner: str
    now: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class LeaseOwner:
    """Who holds leases, and for how long one lasts without being renewed.

    `id` is different in every start of every replica (at most 64 characters), so that a process
    that comes back is never taken for the one that died. Clocks of replicas may differ by much less
    than the lease, see `bot.storage.db.clock`.
    """

    id: str
    duration: timedelta = timedelta(seconds=20)
    clock: Clock = utc_now

    def lease(self) -> Lease:
        """A lease that begins now."""
        now = self.clock()
        return Lease(self.id, now, now + self.duration)


MAX_KEYS: Final = 10_000
"""Keys that go into one statement; both databases take some 32,000 parameters, and no more."""


def in_batches(keys: Collection[Any]) -> Iterator[list[Any]]:
    """Keys in lists that one statement takes each."""
    rest = iter(keys)
    while some := list(islice(rest, MAX_KEYS)):
        yield some


_NO_VALUES: Final[Mapping[str, object]] = {}


@dataclass(frozen=True, slots=True)
class Leases:
    """The leases on the rows of one table. Every method is part of a caller's transaction.

    `key` are the columns of the primary key; keys are ids, or tuples where there are two columns.
    `claimable` says which rows may be held at all, `when_released` what else a release writes.
    """

    table: type[LeaseColumns]
    key: tuple[InstrumentedAttribute[int], ...]
    claimable: sa.ColumnElement[bool]
    when_released: Mapping[str, object] = field(default_factory=dict)

    def is_free(self, now: datetime) -> sa.ColumnElement[bool]:
        """Whether a row may be claimed: it is claimable and no lease on it holds."""
        until = self.table.lease_until
        return sa.and_(self.claimable, sa.or_(until.is_(None), until < now))

    def claim(
        self,
        connection: sa.Connection,
        keys: Collection[Any],
        lease: Lease,
        values: Mapping[str, object] = _NO_VALUES,
    ) -> None:
        """Give rows, which the transaction has locked, to the owner of a lease."""
        for some in in_batches(keys):
            connection.execute(
                sa.update(self.table)
                .where(self._is_one_of(some))
                .values({"owner": lease.owner, "lease_until": lease.until, **values})
            )

    def renew(self, connection: sa.Connection, keys: Collection[Any], lease: Lease) -> set[Any]:
        """Prolong the leases of an owner; the keys of the rows that it still holds."""
        held: set[Any] = set()
        for some in in_batches(keys):
            rows = connection.execute(
                sa.update(self.table)
                .where(self.claimable, self._is_one_of(some), self.table.owner == lease.owner)
                .values(lease_until=lease.until)
                .returning(*self.key)
            )
            held.update(row[0] if len(self.key) == 1 else tuple(row) for row in rows)
        return held

    def release(self, connection: sa.Connection, keys: Collection[Any], owner: str) -> None:
        """Free rows that an owner holds."""
        for some in in_batches(keys):
            self._free(connection, self._is_one_of(some), self.table.owner == owner)

    def release_expired(
        self, connection: sa.Connection, now: datetime, exclude: Collection[Any] = ()
    ) -> int:
        """Free the rows whose lease has run out, except some; how many."""
        expired = [self.table.lease_until < now]
        if exclude:
            expired.append(sa.not_(self._is_one_of(exclude)))
        return self._free(connection, *expired)

    def release_others(self, connection: sa.Connection, owner: str) -> int:
        """Free the rows of every other owner; how many."""
        return self._free(connection, self.table.owner != owner)

    def _free(self, connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> int:
        return connection.execute(
            sa.update(self.table)
            .where(self.claimable, *conditions)
            .values({"owner": None, "lease_until": None, **self.when_released})
        ).rowcount

    def _is_one_of(self, keys: Collection[Any]) -> sa.ColumnElement[bool]:
        if len(self.key) == 1:
            return self.key[0].in_(keys)
        return sa.tuple_(*self.key).in_(keys)
