"""Alerts to the people on call: who is called for a hand-over, and whether the call is out.

A hand-over whose alert is due, or that nobody has taken in time, gets rows in the transaction that
says so; each row is owed until Telegram has taken its message. So a process that dies at any point
leaves the rest to the next one, and of several replicas one calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from bot.storage.db.leases import Leases
from bot.storage.handovers import Handover, drop_owed_alerts, list_handovers, owe_alert
from bot.storage.models import HandoverAlertRow, HandoverRow

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime, timedelta

    from bot.storage.db.database import Database
    from bot.storage.db.leases import Lease, LeaseOwner
    from bot.storage.models import AlertKind, AlertShows

_LEASES: Final = Leases(
    HandoverAlertRow, (HandoverAlertRow.id,), claimable=HandoverAlertRow.state == "owed"
)
_SHOULD_SHOW: Final = sa.case(
    (HandoverRow.declined_at.is_not(None), "declined"), else_=HandoverRow.state
)


@dataclass(frozen=True, slots=True)
class OwedAlert:
    """An alert that has to be sent, claimed by the replica that got this."""

    id: int
    recipient: int
    kind: AlertKind
    handover: Handover


@dataclass(frozen=True, slots=True)
class OutdatedAlert:
    """A message that says of its hand-over what is no longer so; `now` is what is."""

    id: int
    handover_id: int
    recipient: int
    message_id: int
    now: AlertShows


class HandoverAlerts:
    """The alerts of all hand-overs. Each method is one transaction."""

    def __init__(self, database: Database, lease_owner: LeaseOwner) -> None:
        self._database = database
        self._lease_owner = lease_owner

    async def list_due(self) -> list[Handover]:
        """The hand-overs for which the people on call have to be called anew."""
        return await self._database.read(
            list_handovers, sa.and_(HandoverRow.alert_due, HandoverRow.state != "closed")
        )

    async def list_unacknowledged(self, after: timedelta) -> list[Handover]:
        """The hand-overs that those who were called have not taken in time, while others remain."""
        return await self._database.read(
            list_handovers,
            sa.and_(
                *_may_escalate(),
                HandoverRow.alerted_at <= self._lease_owner.clock() - after,
            ),
        )

    async def recipients(self, handover: Handover) -> frozenset[int]:
        """Who was called for a hand-over since the people on call were called anew."""
        return await self._database.read(_select_recipients, handover)

    async def owe(
        self, handover: Handover, recipients: Collection[int], *, everyone: bool = False
    ) -> bool:
        """Call people for a hand-over; False if it is no longer as it was read.

        It is called anew where its alert is due; else these are called because nobody has come.
        """
        return await self._database.write(
            _owe, handover, tuple(recipients), everyone, self._lease_owner.clock()
        )

    async def claim(self, limit: int, *, exclude: Collection[int] = ()) -> list[OwedAlert]:
        """Claim alerts that are owed and free, the oldest first, but for some that we send."""
        return await self._database.write(_claim, limit, tuple(exclude), self._lease_owner.lease())

    async def mark_sent(self, alert_id: int, message_id: int, shows: AlertShows) -> None:
        """Note that Telegram has taken an alert, and what its message says."""
        values = {"state": "sent", "message_id": message_id, "shows": shows}
        await self._database.write(_end, alert_id, values)

    async def drop(self, alert_id: int) -> None:
        """Keep nothing more of an alert."""
        await self._database.write(_drop, alert_id)

    async def mark_refused(self, alert_id: int) -> None:
        """Note that Telegram will not take an alert, however often it is tried."""
        await self._database.write(_end, alert_id, {"state": "refused"})

    async def postpone(self, alert_id: int, by: timedelta) -> None:
        """Release an alert that could not be sent, to be tried again after a while."""
        again = self._lease_owner.clock() + by
        await self._database.write(_end, alert_id, {"lease_until": again})

    async def renew(self, alert_ids: Collection[int]) -> None:
        """Prolong our leases."""
        await self._database.write(_LEASES.renew, tuple(alert_ids), self._lease_owner.lease())

    async def release_others(self) -> int:
        """Release every alert of another owner, for a bot that knows it is the only one."""
        return await self._database.write(_LEASES.release_others, self._lease_owner.id)

    async def purge(self) -> None:
        """Forget the alerts of hand-overs that are over, once they say so."""
        await self._database.write(_purge)

    async def list_outdated(self) -> list[OutdatedAlert]:
        """The messages that have to be changed, because their hand-over was taken or is over."""
        return await self._database.read(_select_outdated)

    async def mark_shows(self, outdated: OutdatedAlert) -> None:
        """Note what a message says now; of a hand-over that is over nothing more is kept."""
        await self._database.write(_mark_shows, outdated)


def _may_escalate() -> tuple[sa.ColumnElement[bool], ...]:
    return (
        HandoverRow.state == "open",
        HandoverRow.alert_due.is_(False),
        HandoverRow.everyone_alerted.is_(False),
        HandoverRow.declined_at.is_(None),
    )


def _select_recipients(connection: sa.Connection, handover: Handover) -> frozenset[int]:
    return frozenset(
        connection.scalars(
            sa.select(HandoverAlertRow.recipient).where(
                HandoverAlertRow.handover_id == handover.id,
                HandoverAlertRow.series == handover.series,
            )
        )
    )


def _owe(
    connection: sa.Connection,
    handover: Handover,
    recipients: tuple[int, ...],
    everyone: bool,
    now: datetime,
) -> bool:
    is_new = handover.alert_due
    series = handover.series + 1 if is_new else handover.series
    as_read = (
        (HandoverRow.state != "closed", HandoverRow.alert_due)
        if is_new
        else (*_may_escalate(), HandoverRow.alerted_at == handover.alerted_at)
    )
    changed = connection.execute(
        sa.update(HandoverRow)
        .where(HandoverRow.id == handover.id, HandoverRow.series == handover.series, *as_read)
        .values(alert_due=False, alerted_at=now, series=series, everyone_alerted=everyone)
    ).rowcount
    if not changed:
        return False
    if is_new:  # what was still to be said says it anew
        drop_owed_alerts(connection, handover.id)
    kind: AlertKind = "everyone" if everyone else "first" if is_new else "next"
    for recipient in recipients:
        owe_alert(connection, handover.id, series, recipient, kind)
    return True


def _claim(
    connection: sa.Connection, limit: int, exclude: tuple[int, ...], lease: Lease
) -> list[OwedAlert]:
    rows = connection.execute(
        sa.select(
            HandoverAlertRow.id,
            HandoverAlertRow.recipient,
            HandoverAlertRow.kind,
            HandoverAlertRow.handover_id,
        )
        .where(_LEASES.is_free(lease.now), HandoverAlertRow.id.not_in(exclude))
        .order_by(HandoverAlertRow.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    _LEASES.claim(connection, [row.id for row in rows], lease)
    of_rows = HandoverRow.id.in_({row.handover_id for row in rows})
    known = {handover.id: handover for handover in list_handovers(connection, of_rows)}
    return [OwedAlert(row.id, row.recipient, row.kind, known[row.handover_id]) for row in rows]


def _drop(connection: sa.Connection, alert_id: int) -> None:
    connection.execute(sa.delete(HandoverAlertRow).where(HandoverAlertRow.id == alert_id))


def _end(connection: sa.Connection, alert_id: int, values: dict[str, object]) -> None:
    connection.execute(
        sa.update(HandoverAlertRow)
        .where(HandoverAlertRow.id == alert_id)
        .values({"owner": None, "lease_until": None, **values})
    )


def _select_outdated(connection: sa.Connection) -> list[OutdatedAlert]:
    rows = connection.execute(
        sa.select(
            HandoverAlertRow.id,
            HandoverAlertRow.handover_id,
            HandoverAlertRow.recipient,
            HandoverAlertRow.message_id,
            _SHOULD_SHOW.label("now"),
        )
        .join(HandoverRow, HandoverRow.id == HandoverAlertRow.handover_id)
        .where(
            HandoverAlertRow.state == "sent",
            HandoverAlertRow.message_id.is_not(None),
            HandoverAlertRow.shows != _SHOULD_SHOW,
            HandoverRow.state != "open",  # who is called anew presses under the new message
        )
        .order_by(HandoverAlertRow.id)
        .limit(100)
    )
    return [OutdatedAlert(*row) for row in rows]


def _purge(connection: sa.Connection) -> None:
    is_over = sa.exists().where(
        HandoverRow.id == HandoverAlertRow.handover_id,
        HandoverRow.state == "closed",
        HandoverAlertRow.shows == _SHOULD_SHOW,
    )
    connection.execute(sa.delete(HandoverAlertRow).where(is_over))


def _mark_shows(connection: sa.Connection, outdated: OutdatedAlert) -> None:
    mine = HandoverAlertRow.id == outdated.id
    is_over = sa.exists().where(
        HandoverRow.id == outdated.handover_id, HandoverRow.state == "closed"
    )
    connection.execute(sa.update(HandoverAlertRow).where(mine).values(shows=outdated.now))
    connection.execute(sa.delete(HandoverAlertRow).where(mine, is_over))
