"""Conversations: what is said in a chat between two resets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.storage.models import ConversationRow

if TYPE_CHECKING:
    from datetime import datetime

    from bot.storage.db.clock import Clock
    from bot.storage.db.database import Database


class Conversations:
    """The conversations of all chats. Each method is one transaction."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def reset(self, chat_id: int) -> bool:
        """End the open conversation of a chat; whether there was one.

        A turn that is being answered still ends in the old conversation.
        """
        return bool(await self._database.write(_end, self._clock(), chat_id))

    async def reset_all(self) -> int:
        """End every open conversation; how many."""
        return await self._database.write(_end, self._clock(), None)


def _end(connection: sa.Connection, now: datetime, chat_id: int | None) -> int:
    statement = sa.update(ConversationRow).where(ConversationRow.ended_at.is_(None))
    if chat_id is not None:
        statement = statement.where(ConversationRow.chat_id == chat_id)
    return connection.execute(statement.values(ended_at=now)).rowcount
