"""The danger a person is in: it belongs to them, not to a conversation, and it ends by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.storage import risk_sql as sql

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from bot.storage.db.database import Database
    from bot.storage.values import Clock, PendingQuestion, RiskSignal, RiskState


class Risk:
    """Levels of danger and check-ins, by person. Each method is one transaction."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def for_user(self, user_id: int) -> RiskState:
        """What is kept in mind of a person; the caller asks which level holds now."""
        return await self._database.read(sql.state_of, user_id)

    async def pending_questions(self, user_ids: Collection[int]) -> dict[int, PendingQuestion]:
        """What people were asked by a card, a button or a check-in and not answered on since."""
        return await self._database.read(sql.pending_questions, tuple(user_ids))

    async def record(self, signal: RiskSignal) -> None:
        """Keep a level in mind without owing a card for it."""
        await self._database.write(sql.record, signal, self._clock())

    async def lower(self, user_id: int, lowest: int) -> None:
        """Go down one level, never below `lowest`: the person said they are safe."""
        await self._database.write(sql.lower, user_id, lowest, self._clock())

    async def postpone_check_in(self, user_id: int, due_at: datetime) -> None:
        """Move a check-in that is still to come: the person has written."""
        await self._database.write(sql.postpone, user_id, due_at)

    async def claim_check_ins(self, limit: int) -> list[tuple[int, str | None]]:
        """People to ask after now and the language of their Telegram; each is given out once.

        Not among them: who blocked the bot, wants no check-ins, or is no longer at high.
        """
        return await self._database.write(sql.claim_check_ins, self._clock(), limit)

    async def release_check_in(self, user_id: int, due_at: datetime) -> None:
        """Note that a check-in could not be delivered and is to be tried again."""
        await self._database.write(sql.hand_back, user_id, due_at)

    async def purge(self) -> None:
        """Forget the danger that is over."""
        await self._database.write(sql.purge, self._clock())
