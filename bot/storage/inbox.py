"""The inbox: every update, stored before Telegram is told that it arrived, until it is dealt with.

    new ──claim──> claimed ──done──> done (without its text)
     ^                │ └───failed──> failed (kept, with a reason)
     └─release, lease─┘

Updates that become a turn are claimed by `Turns.begin` and end with the turn. The others
(commands, buttons, stickers) are claimed here, with a lease of their own.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from bot.storage import cards_sql
from bot.storage import inbox_sql as sql
from bot.storage.db.errors import WrongKey
from bot.storage.values import StoredUpdate

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from bot.storage.db.database import Database
    from bot.storage.db.dialect import AnyRow
    from bot.storage.db.encryption import Cipher
    from bot.storage.values import InboxCounts, LeaseOwner, NewUpdate, RiskSignal, StoredBatch

log = structlog.get_logger(__name__)

# Telegram may start over with lower ids after a week without updates.
_IDS_ARE_SEQUENTIAL_FOR: Final = timedelta(days=6)


class Inbox:
    """Updates that arrived, and who is dealing with them. Each method is one transaction."""

    def __init__(self, database: Database, cipher: Cipher, lease_owner: LeaseOwner) -> None:
        self._database = database
        self._cipher = cipher
        self._lease_owner = lease_owner

    async def add(self, update: NewUpdate) -> bool:
        """Store an update; False if it was stored before."""
        return bool(await self.add_all([update]))

    async def add_all(self, updates: Sequence[NewUpdate]) -> set[int]:
        """Store updates, all or none; the ids of those that had not been stored before."""
        return await self._database.write(sql.add_all, self._rows(updates))

    async def add_with_cards(
        self, updates: Sequence[NewUpdate], signals: Sequence[RiskSignal], card_window: timedelta
    ) -> StoredBatch:
        """Store updates and the crisis cards owed for them, all or none.

        The cards are claimed for whoever calls. A card within `card_window` of the same one is
        marked as repeated; none is owed where one as serious still waits for its answer.
        """
        return await self._database.write(
            cards_sql.keep, self._rows(updates), tuple(signals), card_window, self._lease_owner
        )

    def _rows(self, updates: Sequence[NewUpdate]) -> list[dict[str, object]]:
        return [
            {
                "update_id": update.update_id,
                "chat_id": update.chat_id,
                "lane": update.lane,
                "state": "new",
                "payload": self._cipher.encrypt(
                    update.payload, sql.payload_context(update.update_id)
                ),
                "received_at": update.received_at,
                "attempts": 0,
            }
            for update in updates
        ]

    async def list_pending(self, chat_id: int, limit: int = 1000) -> list[StoredUpdate]:
        """What waits in the lane of a chat, oldest first."""
        return await self._opened(await self._database.read(sql.list_pending, chat_id, limit))

    async def list_for_turn(self, turn_id: int) -> list[StoredUpdate]:
        """The updates that an unfinished turn was made of, oldest first; none of a reopened one."""
        return await self._opened(await self._database.read(sql.of_turn, turn_id))

    async def list_chats_with_work(self, limit: int, exclude: Collection[int] = ()) -> list[int]:
        """Chats that have updates waiting and nobody at work, the longest waiting first."""
        return await self._database.read(sql.list_chats_with_work, limit, tuple(exclude))

    async def claim_express(
        self, limit: int, *, of_a_chat: int = 1000, exclude: Collection[int] = ()
    ) -> list[StoredUpdate]:
        """Claim updates of the express lane, oldest first: so many of any chat, none of some."""
        rows = await self._database.write(
            sql.claim_express,
            sql.Share(limit, of_a_chat, tuple(exclude)),
            self._lease_owner.id,
            self._lease_owner.lease_until(),
        )
        return await self._opened(rows)

    async def finish(self, update_id: int) -> None:
        """End an update and forget its text."""
        await self.finish_all([update_id])

    async def finish_all(self, update_ids: Collection[int]) -> None:
        """End updates, claimed or still waiting, and forget their text."""
        await self._database.write(
            sql.change, tuple(update_ids), {**sql.FREE, "state": "done", "payload": None}
        )

    async def fail(self, update_id: int, reason: str) -> None:
        """Give an update up. It is kept, with a short reason for machines, and blocks nothing."""
        await self._database.write(
            sql.change, (update_id,), {**sql.FREE, "state": "failed", "reason": reason[:64]}
        )

    async def release(self, update_ids: Collection[int]) -> None:
        """Hand back what we claimed and did not finish."""
        await self._database.write(sql.release, tuple(update_ids), self._lease_owner.id)

    async def release_expired(self, exclude: Collection[int] = ()) -> int:
        """Hand back claims whose lease has run out; how many.

        A caller excludes the updates it is handling, in case its clock was set forward.
        """
        return await self._database.write(
            sql.release_expired, self._lease_owner.clock(), tuple(exclude)
        )

    async def take_over(self) -> int:
        """Hand back every claim of another owner, for a bot that knows it is the only one."""
        return await self._database.write(sql.take_over, self._lease_owner.id)

    async def renew(self, update_ids: Collection[int]) -> set[int]:
        """Prolong our claims; the ids of those that are still ours."""
        return await self._database.write(
            sql.renew, tuple(update_ids), self._lease_owner.id, self._lease_owner.lease_until()
        )

    async def counts(self) -> InboxCounts:
        """How many updates are in each state that is not done."""
        return await self._database.read(sql.counts)

    async def last_update_id(self) -> int | None:
        """The id after which polling may go on; None when it should take what Telegram has."""
        since = self._lease_owner.clock() - _IDS_ARE_SEQUENTIAL_FOR
        return await self._database.read(sql.last_update_id, since)

    async def purge(self, before: datetime) -> int:
        """Delete what is done and arrived before a moment; how many."""
        return await self._database.write(sql.purge, before)

    async def _opened(self, rows: Sequence[AnyRow]) -> list[StoredUpdate]:
        """Decrypt rows; one that no key opens is kept as failed and keeps nobody else waiting."""
        decrypted: list[StoredUpdate] = []
        for row in rows:
            try:
                decrypted.append(self._decrypted(row))
            except WrongKey:
                log.error("update_unreadable", update=row.update_id)
                await self.fail(row.update_id, "unreadable")
        return decrypted

    def _decrypted(self, row: AnyRow) -> StoredUpdate:
        return StoredUpdate(
            update_id=row.update_id,
            chat_id=row.chat_id,
            lane=row.lane,
            payload=self._cipher.decrypt(row.payload, sql.payload_context(row.update_id)),
            received_at=row.received_at,
            attempts=row.attempts,
        )
