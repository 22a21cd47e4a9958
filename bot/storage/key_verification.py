"""Whether the keys at hand are the ones the database was written with, asked before work begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from bot.storage.db.errors import WrongKey
from bot.storage.inbox.lanes import payload_context
from bot.storage.models import TurnRow, UpdateRow
from bot.storage.reencrypt import count_other_keys
from bot.storage.turns.turn import user_text_context

if TYPE_CHECKING:
    from bot.storage.db.database import Database
    from bot.storage.db.dialect import AnyRow
    from bot.storage.db.encryption import Cipher

DAMAGED: Final = 1
"""So many texts under a key of their own are damage, which keeps a bot from nobody."""


async def verify_keys(database: Database, cipher: Cipher) -> None:
    """Decrypt the newest stored texts, and see that no key is gone that older ones need.

    Raises `WrongKey`; an empty database fits every key.
    """
    turn, update = await database.read(_newest)
    if turn is not None:
        cipher.decrypt(turn.user_text, user_text_context(turn.conversation_id, turn.number))
    if update is not None:
        cipher.decrypt(update.payload, payload_context(update.update_id))
    for header, count in (await count_other_keys(database, cipher)).items():
        missing = cipher.missing_key(header)
        if missing is not None and count > DAMAGED:
            raise WrongKey(
                f"{count} stored texts need key {missing}, which is not at hand; add it after the "
                "new one, in ENCRYPTION_KEYS or the key file, and run `python -m bot reencrypt` "
                "before it is taken away."
            )


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
