"""Whether the keys at hand are the ones the database was written with, asked before work begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.storage.db.encryption import HEADER_BYTES
from bot.storage.inbox.lanes import payload_place
from bot.storage.models import TurnRow, UpdateRow
from bot.storage.reencrypt import require_old_keys
from bot.storage.turns.turn import user_text_place

if TYPE_CHECKING:
    from bot.storage.db.database import Database
    from bot.storage.db.encryption import Cipher, Place


async def verify_keys(database: Database, cipher: Cipher) -> None:
    """See that no key is gone that stored texts need, the newest ones above all.

    Raises `WrongKey`; an empty database fits every key. A text that was damaged or moved does not
    speak against its key.
    """
    for sealed, place in await database.read(_newest):
        if cipher.missing_key(sealed[:HEADER_BYTES]) is not None:
            cipher.decrypt(sealed, place)  # raises, and says which key
    await require_old_keys(database, cipher)


def _newest(connection: sa.Connection) -> list[tuple[bytes, Place]]:
    """The newest texts and where they belong."""
    turns = sa.select(
        TurnRow.user_text,
        TurnRow.user_id,
        TurnRow.chat_id,
        TurnRow.conversation_id,
        TurnRow.number,
    ).order_by(TurnRow.id.desc())
    updates = (
        sa.select(UpdateRow.payload, UpdateRow.chat_id, UpdateRow.update_id)
        .where(UpdateRow.state == "new")
        .order_by(UpdateRow.update_id.desc())
    )
    found: list[tuple[bytes, Place]] = []
    for turn in connection.execute(turns.limit(1)):
        sealed, *whose = turn
        found.append((sealed, user_text_place(*whose)))
    found += [
        (update.payload or b"", payload_place(update.chat_id, update.update_id))
        for update in connection.execute(updates.limit(1))
    ]
    return found
