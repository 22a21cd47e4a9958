"""Conversations: what is said in a chat between two resets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.storage.models import ConversationRow, TurnRow

if TYPE_CHECKING:
    from datetime import datetime

    from bot.storage.db.clock import Clock
    from bot.storage.db.database import Database


@dataclass(frozen=True, slots=True)
class ConversationSnapshot:
    """The open conversation of a chat. `turns` counts all of its turns, finished or not."""

    id: int
    chat_id: int
    started_at: datetime
    turns: int


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

    async def for_chat(self, chat_id: int) -> ConversationSnapshot | None:
        """The open conversation of a chat."""
        return await self._database.read(_read_for_chat, chat_id)


def _end(connection: sa.Connection, now: datetime, chat_id: int | None) -> int:
    statement = sa.update(ConversationRow).where(ConversationRow.ended_at.is_(None))
    if chat_id is not None:
        statement = statement.where(ConversationRow.chat_id == chat_id)
    return connection.execute(statement.values(ended_at=now)).rowcount


def _read_for_chat(connection: sa.Connection, chat_id: int) -> ConversationSnapshot | None:
    turns = (
        sa.select(sa.func.count())
        .where(TurnRow.conversation_id == ConversationRow.id)
        .scalar_subquery()
    )
    row = connection.execute(
        sa.select(
            ConversationRow.id,
            ConversationRow.chat_id,
            ConversationRow.started_at,
            turns.label("turns"),
        ).where(ConversationRow.chat_id == chat_id, ConversationRow.ended_at.is_(None))
    ).one_or_none()
    if row is None:
        return None
    return ConversationSnapshot(
        id=row.id, chat_id=row.chat_id, started_at=row.started_at, turns=row.turns
    )
