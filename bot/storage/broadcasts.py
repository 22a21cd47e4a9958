"""Broadcasts: what admins say to everybody, one person after the other.

    draft ──begin──> running <──pause, resume──> paused
      │                 └──> done
      └──> cancelled <── running, paused

A delivery is marked as being sent before it is, and as sent afterwards. Of one whose sender died in
between nobody knows whether it is out: it counts as unsure, and is not sent a second time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from bot.storage.access import NEVER
from bot.storage.crisis_talks import CARD_FROM
from bot.storage.db.encryption import Place
from bot.storage.models import BanRow, BroadcastDeliveryRow, BroadcastRow, RiskRow, UserRow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.storage.db.clock import Clock
    from bot.storage.db.database import Database
    from bot.storage.db.dialect import AnyRow
    from bot.storage.db.encryption import Cipher
    from bot.storage.models import BroadcastState, DeliveryState

DANGER_PAUSE: Final = timedelta(hours=6)
"""After so long a person who was in danger is looked at again."""
TRIED_FOR: Final = timedelta(days=3)
"""Who is in danger for so long after the beginning is left out."""
KEPT: Final = timedelta(days=7)
"""After its end nothing is kept of whom a broadcast went to, nor its words."""
_OPEN: Final = ("draft", "running", "paused")


@dataclass(frozen=True, slots=True)
class Broadcast:
    """A word to everybody. Either `words`, an admin's own, or `ends_on`, when the service ends."""

    id: int
    state: BroadcastState
    words: str | None
    ends_on: date | None
    made_by: int
    made_at: datetime
    reached: Mapping[str, int] = field(default_factory=dict)
    """How many people it has gone out to, and how many not, by the state of the delivery."""


class Broadcasts:
    """The broadcasts. Each method is one transaction."""

    def __init__(self, database: Database, cipher: Cipher, clock: Clock) -> None:
        self._database = database
        self._cipher = cipher
        self._clock = clock

    async def draft(self, made_by: int, words: str | None, ends_on: date | None = None) -> int:
        """Keep what is to be said until it is confirmed; its number."""
        row: dict[str, object] = {
            "ends_on": ends_on,
            "state": "draft",
            "made_by": made_by,
            "made_at": self._clock(),
        }
        return await self._database.write(_draft, self._cipher, row, words)

    async def count_recipients(self) -> int:
        """How many people a broadcast that began now would go to."""
        counted = sa.select(sa.func.count()).select_from(UserRow).where(*_RECEIVES)
        return await self._database.read(lambda c: c.scalar(counted) or 0)

    async def begin(self, broadcast_id: int) -> int | None:
        """Begin a draft, to all who can be reached now; how many. None: it is no draft any more."""
        return await self._database.write(_begin, broadcast_id, self._clock())

    async def pause(self, broadcast_id: int) -> bool:
        """Send nothing more for now; False where it was not running."""
        return await self._move(broadcast_id, ("running",), "paused")

    async def resume(self, broadcast_id: int) -> bool:
        """Go on; False where it was not paused."""
        return await self._move(broadcast_id, ("paused",), "running")

    async def cancel(self, broadcast_id: int) -> bool:
        """Send nothing more for good; False where it has ended."""
        return await self._move(broadcast_id, _OPEN, "cancelled")

    async def get(self, broadcast_id: int) -> Broadcast | None:
        """One by its number."""
        return self._opened(await self._database.read(_select, broadcast_id))

    async def last(self) -> Broadcast | None:
        """The newest."""
        return self._opened(await self._database.read(_select, None))

    async def running(self) -> Broadcast | None:
        """The oldest that is to be sent now; None: nothing is."""
        return self._opened(await self._database.read(_running))

    async def claim(self, broadcast_id: int) -> int | None:
        """The next person to send to, marked as being sent to; None: nobody is left for now.

        Who is in danger is left for later.
        """
        return await self._database.write(_claim, broadcast_id, self._clock())

    async def settle(self, broadcast_id: int, user_id: int, state: DeliveryState) -> None:
        """Note what has become of a delivery; `owed`: it is tried again after a while."""
        again_at = self._clock() + timedelta(minutes=10) if state == "owed" else None
        values = {"state": state, "not_before": again_at}
        await self._database.write(_settle, broadcast_id, user_id, values)

    async def give_up_unsure(self) -> None:
        """Note that whoever was sending has died: only one process sends, which is the caller."""
        await self._database.write(_give_up_unsure)

    async def finish(self, broadcast_id: int) -> bool:
        """End a broadcast in which nobody is left; whether it ended by this."""
        return await self._database.write(_finish, broadcast_id, self._clock())

    async def purge(self) -> None:
        """Forget the words of what ended long ago, and whom it went to."""
        await self._database.write(_purge, self._clock() - KEPT)

    async def _move(
        self, broadcast_id: int, before: tuple[str, ...], state: BroadcastState
    ) -> bool:
        ended_at = self._clock() if state == "cancelled" else None
        values = {"state": state, "ended_at": ended_at}
        return await self._database.write(_move, broadcast_id, before, values)

    def _opened(self, found: tuple[AnyRow, Mapping[str, int]] | None) -> Broadcast | None:
        if found is None:
            return None
        row, reached = found
        words = row.words
        return Broadcast(
            id=row.id,
            state=row.state,
            words=None if words is None else self._cipher.decrypt_text(words, words_place(row.id)),
            ends_on=row.ends_on,
            made_by=row.made_by,
            made_at=row.made_at,
            reached=reached,
        )


def words_place(broadcast_id: int) -> Place:
    """Where the ciphertext of a broadcast's words belongs."""
    return Place("broadcasts.words", (broadcast_id,), user_id=None, chat_id=None, version_1=b"")


def erase_for_user(connection: sa.Connection, user_id: int) -> None:
    """Forget what a person was sent, and send them nothing more."""
    theirs = BroadcastDeliveryRow.user_id == user_id
    connection.execute(sa.delete(BroadcastDeliveryRow).where(theirs))


_RECEIVES: Final = (
    UserRow.admitted_at.is_not(None),
    UserRow.unreachable_at.is_(None),
    UserRow.last_seen_at > NEVER,
    UserRow.id > 0,  # a group or channel that speaks has an id below
    ~sa.exists().where(BanRow.person_id == UserRow.id),
)


def _draft(
    connection: sa.Connection, cipher: Cipher, row: dict[str, object], words: str | None
) -> int:
    insert = sa.insert(BroadcastRow).values(row).returning(BroadcastRow.id)
    number = connection.execute(insert).scalar_one()
    if words is not None:
        sealed = cipher.encrypt_text(words, words_place(number))
        of_it = BroadcastRow.id == number
        connection.execute(sa.update(BroadcastRow).where(of_it).values(words=sealed))
    return number


def _begin(connection: sa.Connection, broadcast_id: int, now: datetime) -> int | None:
    values = {"state": "running", "begun_at": now}
    if not _move(connection, broadcast_id, ("draft",), values):
        return None
    people = sa.select(sa.literal(broadcast_id), UserRow.id, sa.literal("owed")).where(*_RECEIVES)
    columns = ("broadcast_id", "user_id", "state")
    return connection.execute(sa.insert(BroadcastDeliveryRow).from_select(columns, people)).rowcount


def _move(
    connection: sa.Connection,
    broadcast_id: int,
    before: tuple[str, ...],
    values: Mapping[str, object],
) -> bool:
    moved = sa.update(BroadcastRow).where(
        BroadcastRow.id == broadcast_id, BroadcastRow.state.in_(before)
    )
    return connection.execute(moved.values(**values)).rowcount == 1


def _select(
    connection: sa.Connection, broadcast_id: int | None
) -> tuple[AnyRow, Mapping[str, int]] | None:
    asked = sa.select(*BroadcastRow.__table__.columns).order_by(BroadcastRow.id.desc()).limit(1)
    if broadcast_id is not None:
        asked = asked.where(BroadcastRow.id == broadcast_id)
    row = connection.execute(asked).first()
    return None if row is None else (row, _reached(connection, row.id))


def _running(connection: sa.Connection) -> tuple[AnyRow, Mapping[str, int]] | None:
    row = connection.execute(
        sa.select(*BroadcastRow.__table__.columns)
        .where(BroadcastRow.state == "running")
        .order_by(BroadcastRow.id)
        .limit(1)
    ).first()
    return None if row is None else (row, {})


def _reached(connection: sa.Connection, broadcast_id: int) -> Mapping[str, int]:
    rows = connection.execute(
        sa.select(BroadcastDeliveryRow.state, sa.func.count().label("n"))
        .where(BroadcastDeliveryRow.broadcast_id == broadcast_id)
        .group_by(BroadcastDeliveryRow.state)
    )
    return {row.state: row.n for row in rows}


def _claim(connection: sa.Connection, broadcast_id: int, now: datetime) -> int | None:
    """The next person, in one statement for each who is passed over."""
    begun_at = connection.scalar(
        sa.select(BroadcastRow.begun_at).where(
            BroadcastRow.id == broadcast_id, BroadcastRow.state == "running"
        )
    )
    if begun_at is None:
        return None
    in_danger = (
        sa.exists()
        .where(
            RiskRow.user_id == BroadcastDeliveryRow.user_id,
            RiskRow.level >= CARD_FROM,
            RiskRow.until > now,
        )
        .label("in_danger")
    )
    while True:
        found = connection.execute(
            sa.select(BroadcastDeliveryRow.user_id, in_danger)
            .where(
                BroadcastDeliveryRow.broadcast_id == broadcast_id,
                BroadcastDeliveryRow.state == "owed",
                sa.or_(
                    BroadcastDeliveryRow.not_before.is_(None),
                    BroadcastDeliveryRow.not_before <= now,
                ),
            )
            .order_by(BroadcastDeliveryRow.user_id)
            .limit(1)
        ).first()
        if found is None:
            return None
        if not found.in_danger:
            values: dict[str, object] = {"state": "sending", "not_before": None}
            _settle(connection, broadcast_id, found.user_id, values)
            return int(found.user_id)
        is_over = now >= begun_at + TRIED_FOR
        values = {"state": "in_danger"} if is_over else {"not_before": now + DANGER_PAUSE}
        _settle(connection, broadcast_id, found.user_id, values)


def _settle(
    connection: sa.Connection, broadcast_id: int, user_id: int, values: Mapping[str, object]
) -> None:
    connection.execute(
        sa.update(BroadcastDeliveryRow)
        .where(
            BroadcastDeliveryRow.broadcast_id == broadcast_id,
            BroadcastDeliveryRow.user_id == user_id,
        )
        .values(**values)
    )


def _give_up_unsure(connection: sa.Connection) -> None:
    being_sent = BroadcastDeliveryRow.state == "sending"
    connection.execute(sa.update(BroadcastDeliveryRow).where(being_sent).values(state="unsure"))


def _finish(connection: sa.Connection, broadcast_id: int, now: datetime) -> bool:
    left = sa.exists().where(
        BroadcastDeliveryRow.broadcast_id == broadcast_id,
        BroadcastDeliveryRow.state.in_(("owed", "sending")),
    )
    if connection.scalar(sa.select(left)):
        return False
    return _move(connection, broadcast_id, ("running",), {"state": "done", "ended_at": now})


def _purge(connection: sa.Connection, before: datetime) -> None:
    old = sa.or_(
        BroadcastRow.ended_at < before,
        sa.and_(BroadcastRow.state == "draft", BroadcastRow.made_at < before),
    )
    ids = sa.select(BroadcastRow.id).where(old)
    connection.execute(
        sa.delete(BroadcastDeliveryRow).where(BroadcastDeliveryRow.broadcast_id.in_(ids))
    )
    connection.execute(sa.update(BroadcastRow).where(old).values(words=None))
