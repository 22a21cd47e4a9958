"""What happens to crisis cards: each public function is one transaction over a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from bot.storage import risk_sql
from bot.storage.db.dialect import insert
from bot.storage.inbox_sql import add_all
from bot.storage.models import CrisisCardRow, UpdateRow, UserRow
from bot.storage.values import CARD_FROM, OwedCard, StoredBatch

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime, timedelta

    from bot.storage.values import CardKey, CardState, LeaseOwner, RiskSignal

_FREE: Final = {"owner": None, "lease_until": None}
_OWED: Final = (
    sa.select(
        CrisisCardRow.update_id,
        CrisisCardRow.level,
        CrisisCardRow.chat_id,
        CrisisCardRow.user_id,
        CrisisCardRow.language_code,
        CrisisCardRow.repeated,
        CrisisCardRow.number,
        UserRow.region,
    )
    .outerjoin(UserRow, UserRow.id == CrisisCardRow.user_id)
    .where(CrisisCardRow.state == "owed")
)


def keep(
    connection: sa.Connection,
    rows: Sequence[Mapping[str, object]],
    signals: Sequence[RiskSignal],
    window: timedelta,
    lease_owner: LeaseOwner,
) -> StoredBatch:
    """Store updates and, with those that are new, the cards they ask for."""
    new = add_all(connection, rows)
    cards = [
        card
        for signal in signals
        if signal.update_id in new
        and (card := _owe(connection, signal, window, lease_owner)) is not None
    ]
    return StoredBatch(frozenset(new), tuple(cards))


def owe_for_turn(
    connection: sa.Connection,
    turn_id: int,
    signal: RiskSignal,
    window: timedelta,
    lease_owner: LeaseOwner,
) -> OwedCard | None:
    """Note a sign of danger that was read in a whole turn; the card to be sent for it, if any.

    None where its updates asked for such a card already and somebody sends or has sent it.
    """
    risk_sql.record(connection, signal, lease_owner.clock())
    of_turn = sa.select(UpdateRow.update_id).where(UpdateRow.turn_id == turn_id)
    shown = CrisisCardRow.update_id.in_(of_turn), CrisisCardRow.level >= signal.level
    if connection.scalar(sa.select(sa.exists().where(*shown))):
        claimed = _claim(connection, sa.and_(*shown), 1, lease_owner)
        return claimed[0] if claimed else None
    last = connection.scalar(
        sa.select(sa.func.max(UpdateRow.update_id)).where(UpdateRow.turn_id == turn_id)
    )
    if last is None or signal.level < CARD_FROM:
        return None  # said so long ago that its updates are deleted: it was shown then
    return _owe_card(connection, signal, last, window, lease_owner)


def claim_owed(connection: sa.Connection, limit: int, lease_owner: LeaseOwner) -> list[OwedCard]:
    """Take cards that are owed and that nobody is sending, the oldest first."""
    return _claim(connection, sa.true(), limit, lease_owner)


def end(connection: sa.Connection, key: CardKey, state: CardState) -> None:
    """Note how a card ended."""
    connection.execute(sa.update(CrisisCardRow).where(*_is(key)).values({**_FREE, "state": state}))


def release(connection: sa.Connection, key: CardKey, owner: str) -> None:
    """Let others send a card."""
    connection.execute(
        sa.update(CrisisCardRow).where(*_is(key), CrisisCardRow.owner == owner).values(_FREE)
    )


def renew(connection: sa.Connection, keys: Collection[CardKey], lease_owner: LeaseOwner) -> None:
    """Move the end of leases."""
    for key in keys:
        connection.execute(
            sa.update(CrisisCardRow)
            .where(*_is(key), CrisisCardRow.owner == lease_owner.id)
            .values(lease_until=lease_owner.lease_until())
        )


def take_over(connection: sa.Connection, owner: str) -> int:
    """Free the cards of every other owner."""
    return connection.execute(
        sa.update(CrisisCardRow)
        .where(CrisisCardRow.state == "owed", CrisisCardRow.owner != owner)
        .values(_FREE)
    ).rowcount


def purge(connection: sa.Connection, before: datetime) -> int:
    """Delete cards that ended and are older than a moment."""
    return connection.execute(
        sa.delete(CrisisCardRow).where(
            CrisisCardRow.state != "owed", CrisisCardRow.created_at < before
        )
    ).rowcount


def _owe(
    connection: sa.Connection, signal: RiskSignal, window: timedelta, lease_owner: LeaseOwner
) -> OwedCard | None:
    risk_sql.record(connection, signal, lease_owner.clock())
    if signal.level < CARD_FROM:
        return None
    return _owe_card(connection, signal, signal.update_id, window, lease_owner)


def _owe_card(
    connection: sa.Connection,
    signal: RiskSignal,
    update_id: int,
    window: timedelta,
    lease_owner: LeaseOwner,
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
            repeated=_was_shown(connection, signal, lease_owner.clock() - window),
            number=_next_number(connection, signal.user_id),
            state="owed",
            created_at=lease_owner.clock(),
        )
        .on_conflict_do_nothing()
    )
    claimed = _claim(connection, sa.and_(*_is((update_id, signal.level))), 1, lease_owner)
    return claimed[0] if claimed else None


def _is_covered(connection: sa.Connection, signal: RiskSignal) -> bool:
    """Whether a card as serious belongs to something this person said that has no answer yet.

    One card for all that somebody writes in one breath; the answer comes to the rest.
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
        CrisisCardRow.level >= signal.level,
        CrisisCardRow.state != "refused",
    )


def _next_number(connection: sa.Connection, user_id: int) -> int:
    last = connection.scalar(
        sa.select(CrisisCardRow.number)
        .where(CrisisCardRow.user_id == user_id)
        .order_by(CrisisCardRow.created_at.desc(), CrisisCardRow.number.desc())
        .limit(1)
    )
    return 0 if last is None else last + 1


def _claim(
    connection: sa.Connection,
    which: sa.ColumnElement[bool],
    limit: int,
    lease_owner: LeaseOwner,
) -> list[OwedCard]:
    lease = CrisisCardRow.lease_until
    rows = connection.execute(
        _OWED.where(which, sa.or_(lease.is_(None), lease < lease_owner.clock()))
        .order_by(CrisisCardRow.created_at, CrisisCardRow.update_id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=CrisisCardRow)
    ).all()
    for row in rows:
        connection.execute(
            sa.update(CrisisCardRow)
            .where(*_is((row.update_id, row.level)))
            .values(owner=lease_owner.id, lease_until=lease_owner.lease_until())
        )
    return [OwedCard(*row) for row in rows]


def _is(key: CardKey) -> tuple[sa.ColumnElement[bool], ...]:
    return CrisisCardRow.update_id == key[0], CrisisCardRow.level == key[1]
