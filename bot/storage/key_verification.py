"""Whether the keys at hand are the ones the database was written with, asked before work begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.storage.inbox.lanes import payload_context
from bot.storage.models import TurnRow, UpdateRow
from bot.storage.turns.turn import user_text_context

if TYPE_CHECKING:
    from bot.storage.db.database import Database
    from bot.storage.db.dialect import AnyRow
    from bot.storage.db.encryption import Cipher


async def verify_keys(database: Database, cipher: Cipher) -> None:
    """Decrypt the newest stored texts. Raises `WrongKey`; an empty database fits every key."""
    turn, update = await database.read(_newest)
    if turn is not None:
        cipher.decrypt(turn.user_text, user_text_context(turn.conversation_id, turn.number))
    if update is not None:
        cipher.decrypt(update.payload, payload_context(update.update_id))


def _newest(connection: sa.Connection) -> tuple[AnyRow | None, AnyRow | None]:
    turn = connection.execute(
        sa.select(TurnRow.user_text, TurnRow.conversation_id, TurnRow.number)
        .order_by(TurnRow.id.desc())
        .limit(1)
    ).one_or_none()
    update = connection.execute(
        sa.select(UpdateRow.update_id, UpdateRow.payload)
        .where(UpdateRow.state == "new")
        .order_by(UpdateRow.update_id.desc())
        .limit(1)
    ).one_or_none()
    return turn, update
