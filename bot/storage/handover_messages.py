"""What a human of the operators wrote to a person through the bot: theirs, encrypted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.storage.db.encryption import Place
from bot.storage.models import HandoverMessageRow

if TYPE_CHECKING:
    from datetime import datetime

    from bot.storage.db.dialect import AnyRow
    from bot.storage.db.encryption import Cipher


@dataclass(frozen=True, slots=True)
class HandoverMessage:
    """What a human of the operators wrote to a person through the bot."""

    text: str
    at: datetime


def message_place(user_id: int, message_id: int) -> Place:
    """Where the ciphertext of what a human wrote to a person belongs."""
    return Place(
        "handover_messages.said",
        (message_id,),
        user_id=user_id,
        chat_id=None,
        version_1=b"handover_messages.said:%d" % user_id,
    )


def select_for_user(connection: sa.Connection, user_id: int) -> list[AnyRow]:
    """What humans wrote to a person, sealed, oldest first."""
    return list(
        connection.execute(
            sa.select(HandoverMessageRow.id, HandoverMessageRow.said, HandoverMessageRow.at)
            .where(HandoverMessageRow.user_id == user_id)
            .order_by(HandoverMessageRow.id)
        )
    )


def decrypt_message(row: AnyRow, user_id: int, cipher: Cipher) -> HandoverMessage:
    """Decrypt a row of `select_for_user`."""
    return HandoverMessage(cipher.decrypt_text(row.said, message_place(user_id, row.id)), row.at)
