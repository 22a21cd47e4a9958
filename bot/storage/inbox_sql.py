"""What happens to updates: each function is one transaction over a connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from bot.storage.models import TURN_IS_UNFINISHED, TurnRow, UpdateRow
from bot.storage.values import InboxCounts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from bot.storage.db.dialect import AnyRow
    from bot.storage.values import UpdateState


@dataclass(frozen=True, slots=True)
class Share:
    """How much of a lane to take: in all, of any one chat, and of which chats nothing."""

    limit: int
    of_a_chat: int
    exclude: tuple[int, ...]


FREE: Final = {"state": "new", "owner": None, "lease_until": None}


def payload_context(update_id: int) -> bytes:
    """Where the ciphertext of an update belongs."""
    return b"updates.payload:%d" % update_id


_STORED: Final = sa.select(
    UpdateRow.update_id,
    UpdateRow.chat_id,
    UpdateRow.lane,
    UpdateRow.payload,
    UpdateRow.received_at,
    UpdateRow.attempts,
)
_ADD: Final = {
    "sqlite": sqlite.insert(UpdateRow).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(UpdateRow).on_conflict_do_nothing(),
}
_PENDING_OF_CHAT: Final = (
    _STORED.where(
        UpdateRow.chat_id == sa.bindparam("chat"),
        UpdateRow.state == "new",
        UpdateRow.lane == "chat",
    )
    .order_by(UpdateRow.update_id)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)
_IN_EXPRESS: Final = (
    sa.select(
        UpdateRow.update_id,
        sa.func.row_number()
        .over(partition_by=UpdateRow.chat_id, order_by=UpdateRow.update_id)
        .label("place"),
    )
    .where(
        UpdateRow.state == "new",
        UpdateRow.lane == "express",
        sa.or_(
            UpdateRow.chat_id.is_(None),
            UpdateRow.chat_id.not_in(sa.bindparam("exclude", expanding=True)),
        ),
    )
    .subquery()
)
# So that whoever sends a thousand commands leaves the lane open for everybody else.
_EXPRESS: Final = (
    _STORED.where(
        UpdateRow.state == "new",
        UpdateRow.update_id.in_(
            sa.select(_IN_EXPRESS.c.update_id)
            .where(_IN_EXPRESS.c.place <= sa.bindparam("of_a_chat", type_=sa.Integer))
            .order_by(_IN_EXPRESS.c.update_id)
            .limit(sa.bindparam("limit", type_=sa.Integer))
        ),
    )
    .order_by(UpdateRow.update_id)
    .with_for_update(skip_locked=True)
)
_IN_WORK: Final = sa.orm.aliased(UpdateRow)


def chat_is_in_work(chat_id: sa.SQLColumnExpression[int | None]) -> sa.ColumnElement[bool]:
    """Whether a turn of a chat is unfinished or an update of its lane is claimed."""
    return sa.or_(
        sa.exists().where(TurnRow.chat_id == chat_id, TURN_IS_UNFINISHED),
        sa.exists().where(
            _IN_WORK.chat_id == chat_id, _IN_WORK.state == "claimed", _IN_WORK.lane == "chat"
        ),
    )


_CHATS_WITH_WORK: Final = (
    sa.select(UpdateRow.chat_id)
    .where(
        UpdateRow.state == "new",
        UpdateRow.lane == "chat",
        UpdateRow.chat_id.is_not(None),
        UpdateRow.chat_id.not_in(sa.bindparam("exclude", expanding=True)),
        ~chat_is_in_work(UpdateRow.chat_id),
    )
    .group_by(UpdateRow.chat_id)
    .order_by(sa.func.min(UpdateRow.update_id))
    .limit(sa.bindparam("limit", type_=sa.Integer))
)


def add_all(connection: sa.Connection, rows: Sequence[Mapping[str, object]]) -> set[int]:
    """Insert rows; the ids of those that were not there."""
    statement = _ADD[connection.dialect.name]
    return {
        int(str(row["update_id"]))
        for row in rows
        if connection.execute(statement, row).rowcount == 1
    }


def list_pending(connection: sa.Connection, chat_id: int, limit: int) -> Sequence[AnyRow]:
    """New updates of a chat's lane, oldest first."""
    return connection.execute(_PENDING_OF_CHAT, {"chat": chat_id, "limit": limit}).all()


def of_turn(connection: sa.Connection, turn_id: int) -> Sequence[AnyRow]:
    """The claimed updates of a turn, oldest first."""
    return connection.execute(
        _STORED.where(UpdateRow.turn_id == turn_id, UpdateRow.state == "claimed").order_by(
            UpdateRow.update_id
        )
    ).all()


def list_chats_with_work(
    connection: sa.Connection, limit: int, exclude: tuple[int, ...]
) -> list[int]:
    """Chats with new updates and nobody at work, the longest waiting first."""
    found = connection.scalars(_CHATS_WITH_WORK, {"limit": limit, "exclude": exclude})
    return [chat_id for chat_id in found if chat_id is not None]


def claim_express(
    connection: sa.Connection, share: Share, owner: str, lease_until: datetime
) -> Sequence[AnyRow]:
    """Take new updates of the express lane; the rows as they were before."""
    bounds = {"limit": share.limit, "of_a_chat": share.of_a_chat, "exclude": share.exclude}
    rows = connection.execute(_EXPRESS, bounds).all()
    _take(connection, [row.update_id for row in rows], owner, lease_until)
    return rows


def _take(
    connection: sa.Connection, update_ids: list[int], owner: str, lease_until: datetime
) -> None:
    if update_ids:
        connection.execute(
            sa.update(UpdateRow)
            .where(UpdateRow.update_id.in_(update_ids))
            .values(
                state="claimed",
                owner=owner,
                lease_until=lease_until,
                attempts=UpdateRow.attempts + 1,
            )
        )


def change(
    connection: sa.Connection, update_ids: tuple[int, ...], values: Mapping[str, object]
) -> None:
    """Write the same values into some updates."""
    connection.execute(
        sa.update(UpdateRow).where(UpdateRow.update_id.in_(update_ids)).values(values)
    )


_CLAIMED_HERE: Final = sa.and_(UpdateRow.state == "claimed", UpdateRow.turn_id.is_(None))


def release(connection: sa.Connection, update_ids: tuple[int, ...], owner: str) -> None:
    """Free claims of an owner."""
    connection.execute(
        sa.update(UpdateRow)
        .where(_CLAIMED_HERE, UpdateRow.update_id.in_(update_ids), UpdateRow.owner == owner)
        .values(FREE)
    )


def release_expired(connection: sa.Connection, now: datetime, exclude: tuple[int, ...]) -> int:
    """Free claims whose lease has run out, except those of some updates."""
    expired = sa.update(UpdateRow).where(_CLAIMED_HERE, UpdateRow.lease_until < now)
    if exclude:
        expired = expired.where(UpdateRow.update_id.not_in(exclude))
    return connection.execute(expired.values(FREE)).rowcount


def take_over(connection: sa.Connection, owner: str) -> int:
    """Free the claims of every other owner."""
    return connection.execute(
        sa.update(UpdateRow).where(_CLAIMED_HERE, UpdateRow.owner != owner).values(FREE)
    ).rowcount


def renew(
    connection: sa.Connection, update_ids: tuple[int, ...], owner: str, lease_until: datetime
) -> set[int]:
    """Move the end of leases."""
    return set(
        connection.scalars(
            sa.update(UpdateRow)
            .where(_CLAIMED_HERE, UpdateRow.update_id.in_(update_ids), UpdateRow.owner == owner)
            .values(lease_until=lease_until)
            .returning(UpdateRow.update_id)
        )
    )


def counts(connection: sa.Connection) -> InboxCounts:
    """Count what is not done."""
    open_states: tuple[UpdateState, ...] = ("new", "claimed", "failed")
    found: dict[str, int] = {
        row.state: row.n
        for row in connection.execute(
            sa.select(UpdateRow.state, sa.func.count().label("n"))
            .where(UpdateRow.state.in_(open_states))
            .group_by(UpdateRow.state)
        )
    }
    return InboxCounts(**{state: found.get(state, 0) for state in open_states})


def last_update_id(connection: sa.Connection, since: datetime) -> int | None:
    """The id that arrived last, if that was after a moment."""
    return connection.scalar(
        sa.select(UpdateRow.update_id)
        .where(UpdateRow.received_at > since)
        .order_by(UpdateRow.received_at.desc(), UpdateRow.update_id.desc())
        .limit(1)
    )


def purge(connection: sa.Connection, before: datetime) -> int:
    """Delete what has ended, well or not, and arrived before a moment."""
    return connection.execute(
        sa.delete(UpdateRow).where(
            UpdateRow.state.in_(("done", "failed")), UpdateRow.received_at < before
        )
    ).rowcount
