"""Who holds unfinished turns: each function is one transaction over a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.storage import notifications
from bot.storage.models import TURN_IS_UNFINISHED, TurnRow
from bot.storage.turns.turn import TURN

if TYPE_CHECKING:
    from datetime import datetime

    from bot.storage.db.dialect import AnyRow


def release(connection: sa.Connection, turn_ids: tuple[int, ...], owner: str) -> None:
    """Free unfinished turns of an owner."""
    connection.execute(
        sa.update(TurnRow)
        .where(TurnRow.id.in_(turn_ids), TURN_IS_UNFINISHED, TurnRow.owner == owner)
        .values(owner=None, lease_until=None)
    )


def take_over(connection: sa.Connection, owner: str) -> int:
    """Free the unfinished turns of every other owner."""
    return connection.execute(
        sa.update(TurnRow)
        .where(TURN_IS_UNFINISHED, TurnRow.owner != owner)
        .values(owner=None, lease_until=None)
    ).rowcount


def renew(
    connection: sa.Connection, turn_ids: tuple[int, ...], owner: str, lease_until: datetime
) -> set[int]:
    """Move the end of the leases of unfinished turns."""
    return set(
        connection.scalars(
            sa.update(TurnRow)
            .where(TurnRow.id.in_(turn_ids), TURN_IS_UNFINISHED, TurnRow.owner == owner)
            .values(lease_until=lease_until)
            .returning(TurnRow.id)
        )
    )


def request_stop(connection: sa.Connection, chat_id: int, turn_id: int | None) -> bool:
    """Ask whoever answers the unfinished turn of a chat to stop; whether there is one."""
    theirs = sa.and_(TurnRow.chat_id == chat_id, TURN_IS_UNFINISHED)
    if turn_id is not None:
        theirs = sa.and_(theirs, TurnRow.id == turn_id)
    stopping = connection.scalar(
        sa.update(TurnRow).where(theirs).values(stop_requested=True).returning(TurnRow.id)
    )
    if stopping is None:
        return False
    notifications.send(connection, notifications.Notification("stop", stopping))
    return True


def edited(connection: sa.Connection, chat_id: int) -> bool:
    """Tell whoever answers the unfinished turn of a chat of an edit; whether there is one."""
    turn_id = connection.scalar(
        sa.select(TurnRow.id).where(TurnRow.chat_id == chat_id, TURN_IS_UNFINISHED)
    )
    if turn_id is None:
        return False
    notifications.send(connection, notifications.Notification("edited", turn_id))
    return True


def stopping(connection: sa.Connection, turn_ids: tuple[int, ...]) -> set[int]:
    """Those of some turns that somebody asked to stop."""
    return set(
        connection.scalars(
            sa.select(TurnRow.id).where(TurnRow.id.in_(turn_ids), TurnRow.stop_requested)
        )
    )


def is_free(now: datetime) -> sa.ColumnElement[bool]:
    """Whether a turn is unfinished and nobody holds it."""
    return sa.and_(
        TURN_IS_UNFINISHED, sa.or_(TurnRow.lease_until.is_(None), TurnRow.lease_until < now)
    )


def claim_unfinished(
    connection: sa.Connection, chat_id: int, now: datetime, owner: str, lease_until: datetime
) -> AnyRow | None:
    """Take the free turn of a chat, which has one at most; the row as it was before."""
    row = connection.execute(
        TURN.where(is_free(now), TurnRow.chat_id == chat_id).with_for_update(
            skip_locked=True, of=TurnRow
        )
    ).one_or_none()
    if row is not None:
        connection.execute(
            sa.update(TurnRow)
            .where(TurnRow.id == row.id)
            .values(owner=owner, lease_until=lease_until, attempts=TurnRow.attempts + 1)
        )
    return row


def list_unfinished_chats(connection: sa.Connection, now: datetime, limit: int) -> list[int]:
    """Chats whose unfinished turn is free."""
    return list(
        connection.scalars(
            sa.select(TurnRow.chat_id).where(is_free(now)).order_by(TurnRow.id).limit(limit)
        )
    )
