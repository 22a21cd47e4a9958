"""Crisis cards: owed from the moment an update is stored until Telegram has taken them.

(stored with its update) owed ──mark_sent─────> sent
^  │ └─mark_refused──> refused (blocked; Telegram will not take it)
└──┘ release, lease: owed still, for the next owner
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from bot.storage import risk
from bot.storage.crisis_talks import CARD_FROM
from bot.storage.db.dialect import insert
from bot.storage.db.leases import Leases
from bot.storage.models import CrisisCardRow, UpdateRow, UserRow

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime, timedelta

    from bot.storage.db.database import Database
    from bot.storage.db.leases import Lease, LeaseOwner
    from bot.storage.models import CardState
    from bot.storage.risk import RiskSignal

CardKey = tuple[int, int]
"""The update a card is owed for, and its level."""

_LEASES: Final = Leases(
    CrisisCardRow,
    (CrisisCardRow.update_id, CrisisCardRow.level),
    claimable=CrisisCardRow.state == "owed",
)


@dataclass(frozen=True, slots=True)
class OwedCard:
    """A card that has to be sent, claimed by the replica that got this.

    `repeated`: the same card was shown a while ago, so this one is shorter. `number` counts a
    person's cards. `region` is what the person chose, `danger` the kind of it, `heard` the id of
    the sentence that takes up what was said.
    """

    update_id: int
    level: int
    chat_id: int
    user_id: int
    language_code: str | None
    repeated: bool
    number: int
    region: str | None
    danger: str | None = None
    heard: str | None = None

    @property
    def key(self) -> CardKey:
        """What the card is stored under."""
        return self.update_id, self.level


@dataclass(frozen=True, slots=True)
class ExportedCard:
    """A card in a person's export."""

    at: datetime
    level: int
    state: CardState


class CrisisCards:
    """Cards and who is sending them. Each method is one transaction.

    `Inbox.add_with_cards` makes those that are owed for an update.
    """

    def __init__(self, database: Database, lease_owner: LeaseOwner) -> None:
        self._database = database
        self._lease_owner = lease_owner

    async def owe_for_turn(
        self, turn_id: int, signal: RiskSignal, window: timedelta
    ) -> OwedCard | None:
        """Note what was read in a whole turn; the card that is now ours to send, if any.

        None where its updates asked for such a card already and it was sent or is being sent.
        `signal.update_id` does not matter here.
        """
        return await self._database.write(
            _owe_for_turn, turn_id, signal, window, self._lease_owner.lease()
        )

    async def has_card(self, turn_id: int) -> bool:
        """Whether what a turn says has brought a card that is not refused."""
        return await self._database.read(_has_card, turn_id)

    async def is_overtaken(self, turn_id: int, chat_id: int) -> bool:
        """Whether something said in a chat after a turn brought a card."""
        return await self._database.read(_is_overtaken, turn_id, chat_id)

    async def list_for_user(self, user_id: int) -> tuple[ExportedCard, ...]:
        """A person's cards, oldest first: when and how serious."""
        return await self._database.read(select_for_user, user_id)

    async def claim_owed(self, limit: int) -> list[OwedCard]:
        """Claim cards that are owed and free, the oldest first."""
        return await self._database.write(_claim, sa.true(), limit, self._lease_owner.lease())

    async def mark_sent(self, key: CardKey) -> None:
        """Note that Telegram has taken a card."""
        await self._database.write(_end, key, "sent")

    async def mark_refused(self, key: CardKey) -> None:
        """Note that Telegram will not take a card, however often it is tried."""
        await self._database.write(_end, key, "refused")

    async def release(self, key: CardKey) -> None:
        """Release a card that could not be sent for now."""
        await self._database.write(_LEASES.release, (key,), self._lease_owner.id)

    async def renew(self, keys: Collection[CardKey]) -> None:
        """Prolong our leases."""
        await self._database.write(_LEASES.renew, tuple(keys), self._lease_owner.lease())

    async def release_others(self) -> int:
        """Release every card of another owner, for a bot that knows it is the only one."""
        return await self._database.write(_LEASES.release_others, self._lease_owner.id)

    async def purge(self, before: datetime) -> int:
        """Delete cards that ended and are older than a moment; how many."""
        return await self._database.write(_purge, before)


_OWED: Final = sa.select(
    CrisisCardRow.update_id,
    CrisisCardRow.level,
    CrisisCardRow.chat_id,
    CrisisCardRow.user_id,
    CrisisCardRow.language_code,
    CrisisCardRow.repeated,
    CrisisCardRow.number,
    UserRow.region,
    CrisisCardRow.danger,
    CrisisCardRow.heard,
).outerjoin(UserRow, UserRow.id == CrisisCardRow.user_id)


def _owe_for_turn(
    connection: sa.Connection,
    turn_id: int,
    signal: RiskSignal,
    window: timedelta,
    lease: Lease,
) -> OwedCard | None:
    risk.record(connection, signal, lease.now)
    of_turn = sa.select(UpdateRow.update_id).where(UpdateRow.turn_id == turn_id)
    shown = CrisisCardRow.update_id.in_(of_turn), CrisisCardRow.level >= _covered_from(signal)
    if connection.scalar(sa.select(sa.exists().where(*shown))):
        claimed = _claim(connection, sa.and_(*shown), 1, lease)
        return claimed[0] if claimed else None
    last = connection.scalar(
        sa.select(sa.func.max(UpdateRow.update_id)).where(UpdateRow.turn_id == turn_id)
    )
    if last is None or signal.level < CARD_FROM:
        return None  # said so long ago that its updates are deleted: it was shown then
    return _owe_card(connection, signal, last, window, lease)


def _has_card(connection: sa.Connection, turn_id: int) -> bool:
    of_turn = sa.select(UpdateRow.update_id).where(UpdateRow.turn_id == turn_id)
    brought = CrisisCardRow.update_id.in_(of_turn), CrisisCardRow.state != "refused"
    return bool(connection.scalar(sa.select(sa.exists().where(*brought))))


def _is_overtaken(connection: sa.Connection, turn_id: int, chat_id: int) -> bool:
    last = (
        sa.select(sa.func.max(UpdateRow.update_id))
        .where(UpdateRow.turn_id == turn_id)
        .scalar_subquery()
    )
    later = CrisisCardRow.chat_id == chat_id, CrisisCardRow.update_id > last
    return bool(connection.scalar(sa.select(sa.exists().where(*later))))


def _end(connection: sa.Connection, key: CardKey, state: CardState) -> None:
    connection.execute(
        sa.update(CrisisCardRow).where(*_is(key)).values(owner=None, lease_until=None, state=state)
    )


def _purge(connection: sa.Connection, before: datetime) -> int:
    return connection.execute(
        sa.delete(CrisisCardRow).where(
            CrisisCardRow.state != "owed", CrisisCardRow.created_at < before
        )
    ).rowcount


def owe_for_update(
    connection: sa.Connection, signal: RiskSignal, window: timedelta, lease: Lease
) -> OwedCard | None:
    """Note what was read in one update; the card that is now the lease owner's to send, if any."""
    risk.record(connection, signal, lease.now)
    if signal.level < CARD_FROM:
        return None
    return _owe_card(connection, signal, signal.update_id, window, lease)


def _owe_card(
    connection: sa.Connection,
    signal: RiskSignal,
    update_id: int,
    window: timedelta,
    lease: Lease,
) -> OwedCard | None:
    if _is_covered(connection, signal):
        return None
    connection.execute(
        insert(connection, CrisisCardRow)
        .values(
            update_id=update_id,
            level=signal.level,
            chat_id=signal.chat_id,
            user_id=signal.user_id,
            language_code=signal.language_code,
            repeated=_was_shown(connection, signal, lease.now - window),
            number=_next_number(connection, signal.user_id),
            state="owed",
            created_at=lease.now,
            danger=signal.danger,
            heard=signal.heard,
        )
        .on_conflict_do_nothing()
    )
    claimed = _claim(connection, sa.and_(*_is((update_id, signal.level))), 1, lease)
    return claimed[0] if claimed else None


def _is_covered(connection: sa.Connection, signal: RiskSignal) -> bool:
    """Whether a card as serious belongs to something this person said that has no answer yet.

    One card for all that a person writes in one breath; the answer comes to the rest.
    """
    return bool(
        connection.scalar(
            sa.select(
                sa.exists().where(
                    CrisisCardRow.update_id == UpdateRow.update_id,
                    *_as_serious(signal),
                    UpdateRow.state.in_(("new", "claimed")),
                )
            )
        )
    )


def _was_shown(connection: sa.Connection, signal: RiskSignal, since: datetime) -> bool:
    """Whether the whole card of this level, or of a higher one, was shown here since a moment."""
    return bool(
        connection.scalar(
            sa.select(
                sa.exists().where(
                    *_as_serious(signal),
                    CrisisCardRow.repeated.is_(False),
                    CrisisCardRow.created_at > since,
                )
            )
        )
    )


def _as_serious(signal: RiskSignal) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        CrisisCardRow.user_id == signal.user_id,
        CrisisCardRow.chat_id == signal.chat_id,
        CrisisCardRow.level >= _covered_from(signal),
        # Another danger has its own card.
        CrisisCardRow.danger.in_(signal.covered_by)
        if signal.covered_by
        else CrisisCardRow.danger.is_not_distinct_from(signal.danger),
        CrisisCardRow.state != "refused",
    )


def _covered_from(signal: RiskSignal) -> int:
    return signal.level if signal.covered_from is None else signal.covered_from


def _next_number(connection: sa.Connection, user_id: int) -> int:
    last = connection.scalar(
        sa.select(CrisisCardRow.number)
        .where(CrisisCardRow.user_id == user_id)
        .order_by(CrisisCardRow.created_at.desc(), CrisisCardRow.number.desc())
        .limit(1)
    )
    return 0 if last is None else last + 1


def _claim(
    connection: sa.Connection, which: sa.ColumnElement[bool], limit: int, lease: Lease
) -> list[OwedCard]:
    rows = connection.execute(
        _OWED.where(which, _LEASES.is_free(lease.now))
        .order_by(CrisisCardRow.created_at, CrisisCardRow.update_id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=CrisisCardRow)
    ).all()
    _LEASES.claim(connection, [(row.update_id, row.level) for row in rows], lease)
    return [OwedCard(**row._asdict()) for row in rows]


def _is(key: CardKey) -> tuple[sa.ColumnElement[bool], ...]:
    return CrisisCardRow.update_id == key[0], CrisisCardRow.level == key[1]


def asked_since(user_id: int, moment: datetime) -> sa.ColumnElement[bool]:
    """Whether a card was made for a person, in their private chat, after a moment."""
    return sa.exists().where(
        CrisisCardRow.user_id == user_id,
        CrisisCardRow.chat_id == user_id,
        CrisisCardRow.created_at > moment,
    )


def select_for_user(connection: sa.Connection, user_id: int) -> tuple[ExportedCard, ...]:
    """A person's cards, oldest first."""
    rows = connection.execute(
        sa.select(CrisisCardRow.created_at, CrisisCardRow.level, CrisisCardRow.state)
        .where(CrisisCardRow.user_id == user_id)
        .order_by(CrisisCardRow.created_at)
    )
    return tuple(ExportedCard(*row) for row in rows)


def erase_for_user(connection: sa.Connection, user_id: int) -> None:
    """Delete a person's cards."""
    connection.execute(sa.delete(CrisisCardRow).where(CrisisCardRow.user_id == user_id))
