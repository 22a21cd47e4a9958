"""What waits in the two lanes of the inbox, what is next, and who has claimed it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from bot.storage import asked_lines, safety_plans
from bot.storage.db.encryption import Place
from bot.storage.db.leases import Leases
from bot.storage.models import UpdateRow
from bot.storage.turns.turn import chat_is_in_work

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.storage.db.dialect import AnyRow
    from bot.storage.db.leases import Lease

# An update of a turn has no lease of its own: its turn has.
LEASES: Final = Leases(
    UpdateRow,
    (UpdateRow.update_id,),
    claimable=sa.and_(UpdateRow.state == "claimed", UpdateRow.turn_id.is_(None)),
    when_released={"state": "new"},
)


MAX_EXCLUDED: Final = 10_000
"""Chats that a statement excludes; both databases take some 32,000 parameters, and no more."""


def payload_place(chat_id: int | None, update_id: int) -> Place:
    """Where the ciphertext of an update belongs."""
    return Place(
        "updates.payload",
        (update_id,),
        user_id=None,
        chat_id=chat_id,
        version_1=b"updates.payload:%d" % update_id,
    )


_STORED: Final = sa.select(
    UpdateRow.update_id,
    UpdateRow.chat_id,
    UpdateRow.lane,
    UpdateRow.payload,
    UpdateRow.received_at,
    UpdateRow.attempts,
)
# Asked in the same statement, so that a turn of the many who are asked nothing costs no read.
_MAY_ANSWER: Final = sa.or_(
    safety_plans.is_begun_by(UpdateRow.chat_id), asked_lines.is_asked_of(UpdateRow.chat_id)
)
_PENDING_OF_CHAT: Final = (
    _STORED.add_columns(_MAY_ANSWER.label("may_answer"))
    .where(
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
# A person who sends a thousand commands leaves the lane open for all others.
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


def select_pending(connection: sa.Connection, chat_id: int, limit: int) -> Sequence[AnyRow]:
    """New updates of a chat's lane, oldest first."""
    return connection.execute(_PENDING_OF_CHAT, {"chat": chat_id, "limit": limit}).all()


def select_for_turn(connection: sa.Connection, turn_id: int) -> Sequence[AnyRow]:
    """The claimed updates of a turn, oldest first."""
    return connection.execute(
        _STORED.where(UpdateRow.turn_id == turn_id, UpdateRow.state == "claimed").order_by(
            UpdateRow.update_id
        )
    ).all()


def select_chats_with_work(
    connection: sa.Connection, limit: int, exclude: tuple[int, ...]
) -> list[int]:
    """Chats with new updates in which no work is under way, the longest waiting first."""
    in_sql, here = exclude[:MAX_EXCLUDED], frozenset(exclude[MAX_EXCLUDED:])
    bounds = {"limit": limit + len(here), "exclude": in_sql}
    found = connection.scalars(_CHATS_WITH_WORK, bounds)
    return [chat_id for chat_id in found if chat_id is not None and chat_id not in here][:limit]


def claim_express(
    connection: sa.Connection, bounds: Mapping[str, object], lease: Lease
) -> Sequence[AnyRow]:
    """Claim new updates of the express lane; the rows as they were before."""
    rows = connection.execute(_EXPRESS, bounds).all()
    LEASES.claim(
        connection,
        [row.update_id for row in rows],
        lease,
        {"state": "claimed", "attempts": UpdateRow.attempts + 1},
    )
    return rows
