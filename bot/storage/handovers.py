"""Hand-overs: a human of the operators writes to a person through the bot, and the model is silent.

A hand-over is open (no admin has come yet), taken by exactly one admin, or closed. A person has at
most one that is not closed, and an admin at most one that is taken: the database says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from bot.storage.db.dialect import lock_chat
from bot.storage.handover_messages import message_place
from bot.storage.models import HandoverAlertRow, HandoverMessageRow, HandoverRow

if TYPE_CHECKING:
    from datetime import datetime

    from bot.storage.db.clock import Clock
    from bot.storage.db.database import Database
    from bot.storage.db.encryption import Cipher
    from bot.storage.models import AlertKind, HandoverState

DECLINED_FOR: Final = timedelta(hours=24)
"""How long a person who wanted no human is not handed over unless they ask."""


@dataclass(frozen=True, slots=True)
class Handover:
    """A person whom a human of the operators is to write to, or writes to, through the bot.

    `level` is a `RiskLevel` as a number; `asked_at` is set when the person asked for a human,
    `declined_at` when they said that they want none. `alert_due`: the people on call are to be
    called anew; `alerted_at` is when those were called who are waited for, `everyone_alerted` that
    none is left to be called. `left_by` is the admin who had it before and has it no more.
    """

    id: int
    user_id: int
    level: int
    state: HandoverState
    admin_id: int | None
    opened_at: datetime
    asked_at: datetime | None
    alert_due: bool = False
    series: int = 0
    alerted_at: datetime | None = None
    everyone_alerted: bool = False
    first_taken_at: datetime | None = None
    left_by: int | None = None
    declined_at: datetime | None = None


class Handovers:
    """The hand-overs of all people. Each method is one transaction."""

    def __init__(self, database: Database, cipher: Cipher, clock: Clock) -> None:
        self._database = database
        self._cipher = cipher
        self._clock = clock

    async def open(self, user_id: int, level: int, *, asked: bool = False) -> Handover:
        """Open a hand-over for a person, or go on with one that is not closed.

        An alert is due again when the level rises, or when the person asks for the first time.
        """
        return await self._database.write(_open, user_id, level, asked, self._clock())

    async def take(self, handover_id: int, admin_id: int) -> Handover | None:
        """Give an open hand-over to one admin; None if another admin has it, or it is closed.

        None, too, where the person said that they want no human. The admin who has it already gets
        it again, so that a repeated press is harmless.
        """
        taken = await self._database.write(_take, handover_id, admin_id, self._clock())
        return await self.get(handover_id) if taken else None

    async def release(self, handover_id: int) -> None:
        """Undo a `take` whose admin cannot be reached, and call the people on call anew."""
        await self._database.write(
            _change,
            sa.and_(HandoverRow.id == handover_id, HandoverRow.state == "taken"),
            {"state": "open", "admin_id": None, "waiting_since": None, "alert_due": True},
        )

    async def note_human_came(self, handover_id: int) -> None:
        """Note that a person has been told of their human, the first time it happens."""
        await self._database.write(
            _change,
            sa.and_(HandoverRow.id == handover_id, HandoverRow.first_taken_at.is_(None)),
            {"first_taken_at": self._clock()},
        )

    async def reopen(self, handover: Handover, *, promised: bool = False) -> bool:
        """Take a hand-over back from its admin and call others; False if it changed since.

        `promised`: the person was told that another human is to come, so they are told if none
        does. Else they were told that nobody is there, and are not told so a second time.
        """
        now = self._clock()
        news: dict[str, Any] = {"asked_at": now, "told_nobody_at": None}
        return await self._database.write(
            _change,
            sa.and_(
                HandoverRow.id == handover.id,
                HandoverRow.state == "taken",
                HandoverRow.admin_id == handover.admin_id,
            ),
            {
                "state": "open",
                "admin_id": None,
                "left_by": handover.admin_id,
                "waiting_since": None,
                "alert_due": True,
                "last_at": now,
                **(news if promised else {"told_nobody_at": now}),
            },
        )

    async def decline(self, user_id: int) -> Handover | None:
        """End a person's hand-over at once, because they want no human; None if there is none.

        The human who has them is owed the word. For a day danger alone brings no other one.
        """
        return await self._database.write(_decline, user_id, self._clock())

    async def get(self, handover_id: int) -> Handover | None:
        """One hand-over."""
        return await self._database.read(_select_one, HandoverRow.id == handover_id)

    async def for_user(self, user_id: int) -> Handover | None:
        """The hand-over in which a human writes to this person now."""
        return await self._database.read(
            _select_one, sa.and_(HandoverRow.user_id == user_id, HandoverRow.state == "taken")
        )

    async def for_admin(self, admin_id: int) -> Handover | None:
        """The hand-over in which this admin writes now."""
        return await self._database.read(
            _select_one, sa.and_(HandoverRow.admin_id == admin_id, HandoverRow.state == "taken")
        )

    async def note_person_wrote(self, handover_id: int) -> None:
        """Note that the person wrote and waits for the human, since now or for longer."""
        now = self._clock()
        await self._database.write(
            _change,
            HandoverRow.id == handover_id,
            {
                "last_at": now,
                "waiting_since": sa.func.coalesce(
                    HandoverRow.waiting_since, sa.literal(now, HandoverRow.waiting_since.type)
                ),
            },
        )

    async def record_message(self, handover: Handover, text: str) -> None:
        """Store, encrypted, what the human wrote: it belongs to the person's own data."""
        await self._database.write(_keep, self._cipher, handover, text, self._clock())

    async def close(self, handover_id: int) -> bool:
        """End a hand-over; whether it was not closed before."""
        return await self._database.write(_close, handover_id, self._clock())

    async def list_idle(self, longer_than: timedelta) -> list[Handover]:
        """The hand-overs, taken or open, in which nothing happened for so long."""
        return await self._database.read(
            list_handovers,
            sa.and_(
                HandoverRow.state != "closed", HandoverRow.last_at <= self._clock() - longer_than
            ),
        )

    async def list_taken(self) -> list[Handover]:
        """The hand-overs in which a human writes to a person now."""
        return await self._database.read(list_handovers, HandoverRow.state == "taken")

    async def list_left_waiting(self, longer_than: timedelta) -> list[Handover]:
        """The hand-overs whose human has left the person without an answer for so long."""
        return await self._database.read(
            list_handovers,
            sa.and_(
                HandoverRow.state == "taken",
                HandoverRow.waiting_since <= self._clock() - longer_than,
            ),
        )

    async def list_unanswered(self, longer_than: timedelta) -> list[Handover]:
        """The open hand-overs a person asked for so long ago, and was told nothing since."""
        return await self._database.read(
            list_handovers,
            sa.and_(
                HandoverRow.state == "open",
                HandoverRow.asked_at <= self._clock() - longer_than,
                HandoverRow.told_nobody_at.is_(None),
            ),
        )

    async def mark_told_nobody(self, handover_id: int) -> None:
        """Note that the person was told that no human has come yet."""
        await self._database.write(
            _change, HandoverRow.id == handover_id, {"told_nobody_at": self._clock()}
        )


def _open(
    connection: sa.Connection, user_id: int, level: int, asked: bool, now: datetime
) -> Handover:
    lock_chat(connection, user_id, wait=True)
    live = _is_live(user_id)
    known = _select_one(connection, live)
    if known is None:
        connection.execute(
            sa.insert(HandoverRow),
            {
                "user_id": user_id,
                "level": level,
                "state": "open",
                "alert_due": True,
                "opened_at": now,
                "asked_at": now if asked else None,
                "declined_at": None if asked else _declined_at(connection, user_id, now),
                "last_at": now,
            },
        )
    else:
        news: dict[str, Any] = {}
        if level > known.level:
            news |= {"level": level, "alert_due": True}
        if asked:
            news |= {"asked_at": now, "told_nobody_at": None, "declined_at": None}
            if known.asked_at is None or known.declined_at is not None:
                news["alert_due"] = True
        if news:
            _change(connection, live, news)
    opened = _select_one(connection, live)
    assert opened is not None  # noqa: S101  (inserted or found in this transaction)
    return opened


def _declined_at(connection: sa.Connection, user_id: int, now: datetime) -> datetime | None:
    """When a person last said that they want no human, if that still counts."""
    return connection.scalar(
        sa.select(sa.func.max(HandoverRow.declined_at)).where(
            HandoverRow.user_id == user_id, HandoverRow.declined_at > now - DECLINED_FOR
        )
    )


def _take(connection: sa.Connection, handover_id: int, admin_id: int, now: datetime) -> bool:
    mine = sa.and_(HandoverRow.state == "taken", HandoverRow.admin_id == admin_id)
    is_free = sa.and_(HandoverRow.state == "open", HandoverRow.declined_at.is_(None))
    taken = _change(
        connection,
        sa.and_(HandoverRow.id == handover_id, sa.or_(is_free, mine)),
        {
            "state": "taken",
            "admin_id": admin_id,
            "alert_due": False,
            "last_at": now,
            "waiting_since": None,
        },
    )
    if taken:
        drop_owed_alerts(connection, handover_id)
    return taken


def _close(connection: sa.Connection, handover_id: int, now: datetime) -> bool:
    closed = _change(
        connection,
        sa.and_(HandoverRow.id == handover_id, HandoverRow.state != "closed"),
        {"state": "closed", "alert_due": False, "last_at": now},
    )
    if closed:
        drop_owed_alerts(connection, handover_id)
    return closed


def _decline(connection: sa.Connection, user_id: int, now: datetime) -> Handover | None:
    lock_chat(connection, user_id, wait=True)
    known = _select_one(connection, _is_live(user_id))
    if known is None:
        return None
    _close(connection, known.id, now)
    _change(connection, HandoverRow.id == known.id, {"declined_at": now})
    if known.admin_id is not None:
        owe_alert(connection, known.id, known.series, known.admin_id, "left")
    return known


def _is_live(user_id: int) -> sa.ColumnElement[bool]:
    return sa.and_(HandoverRow.user_id == user_id, HandoverRow.state != "closed")


def owe_alert(
    connection: sa.Connection, handover_id: int, series: int, recipient: int, kind: AlertKind
) -> None:
    """Owe somebody a message about a hand-over."""
    connection.execute(
        sa.insert(HandoverAlertRow),
        {
            "handover_id": handover_id,
            "series": series,
            "recipient": recipient,
            "kind": kind,
            "state": "owed",
        },
    )


def drop_owed_alerts(connection: sa.Connection, handover_id: int) -> None:
    """Call nobody any more who was not called yet."""
    connection.execute(
        sa.delete(HandoverAlertRow).where(
            HandoverAlertRow.handover_id == handover_id,
            HandoverAlertRow.state == "owed",
            HandoverAlertRow.kind != "left",
        )
    )


def _keep(
    connection: sa.Connection, cipher: Cipher, handover: Handover, text: str, now: datetime
) -> None:
    # The ciphertext is bound to the row's id, which the database gives.
    message_id = connection.execute(
        sa.insert(HandoverMessageRow).returning(HandoverMessageRow.id),
        {"user_id": handover.user_id, "said": b"", "at": now},
    ).scalar_one()
    sealed = cipher.encrypt_text(text, message_place(handover.user_id, message_id))
    connection.execute(
        sa.update(HandoverMessageRow).where(HandoverMessageRow.id == message_id).values(said=sealed)
    )
    _change(connection, HandoverRow.id == handover.id, {"last_at": now, "waiting_since": None})


_HANDOVER: Final = sa.select(
    HandoverRow.id,
    HandoverRow.user_id,
    HandoverRow.level,
    HandoverRow.state,
    HandoverRow.admin_id,
    HandoverRow.opened_at,
    HandoverRow.asked_at,
    HandoverRow.alert_due,
    HandoverRow.series,
    HandoverRow.alerted_at,
    HandoverRow.everyone_alerted,
    HandoverRow.first_taken_at,
    HandoverRow.left_by,
    HandoverRow.declined_at,
)


def _select_one(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> Handover | None:
    """The one hand-over of which a condition holds."""
    row = connection.execute(_HANDOVER.where(condition)).one_or_none()
    return None if row is None else Handover(*row)


def list_handovers(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> list[Handover]:
    """The hand-overs of which a condition holds, oldest first, a hundred at most."""
    rows = connection.execute(_HANDOVER.where(condition).order_by(HandoverRow.id).limit(100))
    return [Handover(*row) for row in rows]


def _change(
    connection: sa.Connection, condition: sa.ColumnElement[bool], values: dict[str, Any]
) -> bool:
    """Change the hand-overs of which a condition holds; whether there was one."""
    return connection.execute(sa.update(HandoverRow).where(condition).values(values)).rowcount > 0


def erase_for_user(connection: sa.Connection, user_id: int) -> None:
    """Delete a person's hand-overs, their alerts, and what was written to them."""
    theirs = sa.select(HandoverRow.id).where(HandoverRow.user_id == user_id)
    connection.execute(sa.delete(HandoverAlertRow).where(HandoverAlertRow.handover_id.in_(theirs)))
    for table in (HandoverMessageRow, HandoverRow):
        connection.execute(sa.delete(table).where(table.user_id == user_id))
