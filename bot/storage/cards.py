"""Crisis cards: owed from the moment an update is stored until Telegram has taken them.

(stored with its update) owed ──sent──> sent
│ └─refused─> refused (blocked; Telegram will not take it)
└─ release, lease: owed still, for whoever claims it next
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.storage import cards_sql as sql

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime, timedelta

    from bot.storage.db.database import Database
    from bot.storage.values import CardKey, LeaseOwner, OwedCard, RiskSignal


class CrisisCards:
    """Cards and who is sending them. `Inbox.keep` makes them; each method is one transaction."""

    def __init__(self, database: Database, lease_owner: LeaseOwner) -> None:
        self._database = database
        self._lease_owner = lease_owner

    async def owe_for_turn(
        self, turn_id: int, signal: RiskSignal, window: timedelta
    ) -> OwedCard | None:
        """Note what was read in a whole turn; the card that is now ours to send, if any.

        None where its updates asked for such a card already and somebody sends or has sent it.
        `signal.update_id` does not matter here.
        """
        return await self._database.write(
            sql.owe_for_turn, turn_id, signal, window, self._lease_owner
        )

    async def claim_owed(self, limit: int) -> list[OwedCard]:
        """Claim cards that are owed and that nobody is sending, the oldest first."""
        return await self._database.write(sql.claim_owed, limit, self._lease_owner)

    async def mark_sent(self, key: CardKey) -> None:
        """Note that Telegram has taken a card."""
        await self._database.write(sql.end, key, "sent")

    async def mark_refused(self, key: CardKey) -> None:
        """Note that Telegram will not take a card, however often it is tried."""
        await self._database.write(sql.end, key, "refused")

    async def release(self, key: CardKey) -> None:
        """Hand back a card that could not be sent for now."""
        await self._database.write(sql.release, key, self._lease_owner.id)

    async def renew(self, keys: Collection[CardKey]) -> None:
        """Prolong our claims."""
        await self._database.write(sql.renew, tuple(keys), self._lease_owner)

    async def take_over(self) -> int:
        """Hand back every claim of another owner, for a bot that knows it is the only one."""
        return await self._database.write(sql.take_over, self._lease_owner.id)

    async def purge(self, before: datetime) -> int:
        """Delete cards that ended and are older than a moment; how many."""
        return await self._database.write(sql.purge, before)
