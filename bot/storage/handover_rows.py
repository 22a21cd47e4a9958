"""How hand-overs and what was written in them are read and changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from bot.storage.models import HandoverMessageRow, HandoverRow
from bot.storage.values import Handover, HandoverMessage

if TYPE_CHECKING:
    from bot.storage.db.dialect import AnyRow
    from bot.storage.db.encryption import Cipher

_HANDOVER: Final = sa.select(
    HandoverRow.id,
    HandoverRow.user_id,
    HandoverRow.level,
    HandoverRow.state,
    HandoverRow.admin_id,
    HandoverRow.opened_at,
    HandoverRow.asked_at,
)


def message_context(user_id: int) -> bytes:
    """Where the ciphertext of what a human wrote to a person belongs."""
    return b"handover_messages.said:%d" % user_id


def one(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> Handover | None:
    """The one hand-over of which a condition holds."""
    row = connection.execute(_HANDOVER.where(condition)).one_or_none()
    return None if row is None else Handover(*row)


def some(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> list[Handover]:
    """The hand-overs of which a condition holds, oldest first, a hundred at most."""
    rows = connection.execute(_HANDOVER.where(condition).order_by(HandoverRow.id).limit(100))
    return [Handover(*row) for row in rows]


def change(
    connection: sa.Connection, condition: sa.ColumnElement[bool], values: dict[str, Any]
) -> bool:
    """Change the hand-overs of which a condition holds; whether there was one."""
    return connection.execute(sa.update(HandoverRow).where(condition).values(values)).rowcount > 0


def of_user(connection: sa.Connection, user_id: int) -> list[AnyRow]:
    """What humans wrote to a person, sealed, oldest first."""
    return list(
        connection.execute(
            sa.select(HandoverMessageRow.said, HandoverMessageRow.at)
            .where(HandoverMessageRow.user_id == user_id)
            .order_by(HandoverMessageRow.id)
        )
    )


def decrypted(row: AnyRow, user_id: int, cipher: Cipher) -> HandoverMessage:
    """A row of `of_user`, decrypted."""
    return HandoverMessage(cipher.decrypt_text(row.said, message_context(user_id)), row.at)


def erase(connection: sa.Connection, user_id: int) -> None:
    """Delete a person's hand-overs and what was written to them."""
    for table in (HandoverMessageRow, HandoverRow):
        connection.execute(sa.delete(table).where(table.user_id == user_id))
