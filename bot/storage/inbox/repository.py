"""The inbox: every update, stored before Telegram is told that it arrived, until it is handled.

    new ──claim──> claimed ──finish──> done (without its text)
     ^                │ └────fail────> failed (kept, with a reason)
     └─release, lease─┘

Updates that become a turn are claimed by `Turns.begin` and end with the turn. The others
(commands, buttons, stickers) are claimed here, with a lease of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects import postgresql, sqlite

from bot.storage import cards, replicas
from bot.storage.crisis_talks import CARD_FROM
from bot.storage.db.errors import KeyNotHereYet, MissingKey, WrongKey
from bot.storage.inbox import lanes
from bot.storage.models import MAX_REASON, UpdateRow
from bot.storage.statistics import count_updates
from bot.storage.turns.transitions import request_stop

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from bot.storage.cards import OwedCard
    from bot.storage.db.database import Database
    from bot.storage.db.dialect import AnyRow
    from bot.storage.db.encryption import Cipher
    from bot.storage.db.leases import Lease, LeaseOwner
    from bot.storage.models import Lane
    from bot.storage.risk import RiskSignal
    from bot.storage.statistics import InboxCounts

log = structlog.get_logger(__name__)

# Telegram may start over with lower ids after a week without updates.
_IDS_ARE_SEQUENTIAL_FOR: Final = timedelta(days=6)


@dataclass(frozen=True, slots=True)
class NewUpdate:
    """An update as it arrived. `payload` is Telegram's JSON; `chat_id` is None where it has none.

    Lane "express" passes the queue of the chat, lane "chat" waits in it.
    """

    update_id: int
    chat_id: int | None
    lane: Lane
    payload: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True)
class StoredUpdate:
    """An update that waits or is claimed. `attempts` counts the claims so far.

    `may_answer`: whether the person of a private chat is asked for a line, or has a safety plan.
    """

    update_id: int
    chat_id: int | None
    lane: Lane
    payload: bytes
    received_at: datetime
    attempts: int
    may_answer: bool = False


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """What was stored just now: ids that are new, and the cards owed for them."""

    new: frozenset[int]
    cards: tuple[OwedCard, ...]


class Inbox:
    """Updates that arrived, and who is handling them.

    Each method is one transaction, and one more for every row that no key opens: it is given up.
    """

    def __init__(self, database: Database, cipher: Cipher, lease_owner: LeaseOwner) -> None:
        self._database = database
        self._cipher = cipher
        self._lease_owner = lease_owner

    async def add(self, update: NewUpdate) -> bool:
        """Store an update; False if it was stored before."""
        return bool(await self.add_all([update]))

    async def add_all(self, updates: Sequence[NewUpdate]) -> set[int]:
        """Store updates, all or none; the ids of those that had not been stored before."""
        return await self._database.write(_add_all, self._rows(updates))

    async def add_with_cards(
        self, updates: Sequence[NewUpdate], signals: Sequence[RiskSignal], card_window: timedelta
    ) -> StoredBatch:
        """Store updates and the crisis cards owed for them, all or none.

        The cards are claimed for the caller. A card within `card_window` of the same one is
        marked as repeated; none is owed where one as serious still waits for its answer. The answer
        that is being made in the chat of a card is asked to stop, whichever replica makes it.
        """
        return await self._database.write(
            _add_with_cards,
            self._rows(updates),
            tuple(signals),
            card_window,
            self._lease_owner.lease(),
        )

    def _rows(self, updates: Sequence[NewUpdate]) -> list[dict[str, object]]:
        return [
            {
                "update_id": update.update_id,
                "chat_id": update.chat_id,
                "lane": update.lane,
                "state": "new",
                "payload": self._cipher.encrypt(
                    update.payload, lanes.payload_place(update.chat_id, update.update_id)
                ),
                "received_at": update.received_at,
                "attempts": 0,
            }
            for update in updates
        ]

    async def list_pending(self, chat_id: int, limit: int = 1000) -> list[StoredUpdate]:
        """What waits in the lane of a chat, oldest first."""
        rows = await self._database.read(lanes.select_pending, chat_id, limit)
        return await self._decrypt_all(rows)

    async def list_for_turn(self, turn_id: int) -> list[StoredUpdate]:
        """The updates that an unfinished turn was made of, oldest first; none of a reopened one."""
        return await self._decrypt_all(await self._database.read(lanes.select_for_turn, turn_id))

    async def list_chats_with_work(self, limit: int, exclude: Collection[int] = ()) -> list[int]:
        """Chats where updates wait and no work is under way, the longest waiting first."""
        return await self._database.read(lanes.select_chats_with_work, limit, tuple(exclude))

    async def claim_express(
        self, limit: int, *, of_a_chat: int = 1000, exclude: Collection[int] = ()
    ) -> list[StoredUpdate]:
        """Claim updates of the express lane, oldest first: so many of any chat, none of some."""
        bounds = {"limit": limit, "of_a_chat": of_a_chat, "exclude": tuple(exclude)}
        rows = await self._database.write(lanes.claim_express, bounds, self._lease_owner.lease())
        return await self._decrypt_all(rows)

    async def finish(self, update_id: int) -> None:
        """End an update and forget its text."""
        await self.finish_all([update_id])

    async def finish_all(self, update_ids: Collection[int]) -> None:
        """End updates, claimed or still waiting, and forget their text."""
        await self._database.write(_end, tuple(update_ids), {"state": "done", "payload": None})

    async def fail(self, update_id: int, reason: str) -> None:
        """Give an update up. It is kept, with a short reason for machines, and blocks nothing."""
        await self._database.write(
            _end, (update_id,), {"state": "failed", "reason": reason[:MAX_REASON]}
        )

    async def release(self, update_ids: Collection[int]) -> None:
        """Release what we claimed and did not finish."""
        await self._database.write(lanes.LEASES.release, tuple(update_ids), self._lease_owner.id)

    async def release_expired(self, exclude: Collection[int] = ()) -> int:
        """Release claims whose lease has run out; how many.

        A caller excludes the updates it is handling, in case its clock was set forward.
        """
        now = self._lease_owner.clock()
        return await self._database.write(lanes.LEASES.release_expired, now, tuple(exclude))

    async def release_others(self) -> int:
        """Release every claim of another owner, for a bot that knows it is the only one."""
        return await self._database.write(lanes.LEASES.release_others, self._lease_owner.id)

    async def renew(self, update_ids: Collection[int]) -> set[int]:
        """Prolong our leases; the ids of those that are still ours."""
        return await self._database.write(
            lanes.LEASES.renew, tuple(update_ids), self._lease_owner.lease()
        )

    async def counts(self) -> InboxCounts:
        """How many updates are in each state that is not done."""
        return await self._database.read(count_updates)

    async def last_update_id(self) -> int | None:
        """The id after which polling may go on; None when it should take what Telegram has."""
        since = self._lease_owner.clock() - _IDS_ARE_SEQUENTIAL_FOR
        return await self._database.read(_select_last_update_id, since)

    async def purge(self, before: datetime) -> int:
        """Delete what has ended, well or not, and arrived before a moment; how many."""
        return await self._database.write(_purge, before)

    async def _decrypt_all(self, rows: Sequence[AnyRow]) -> list[StoredUpdate]:
        """Decrypt rows; one that no key decrypts is kept as failed and delays no other."""
        decrypted: list[StoredUpdate] = []
        for row in rows:
            try:
                payload = self._cipher.decrypt(
                    row.payload, lanes.payload_place(row.chat_id, row.update_id)
                )
            except MissingKey as error:
                if not await self._database.read(
                    replicas.is_held, error.key_id, self._lease_owner.clock()
                ):
                    log.error("update_unreadable", update=row.update_id)
                    await self.fail(row.update_id, "unreadable")
                    continue
                log.warning("key_not_here_yet", update=row.update_id, key=error.key_id)
                await self.release([row.update_id])
                if row.lane == "chat":  # what came behind it is not answered before it
                    raise KeyNotHereYet(str(error)) from None
            except WrongKey:
                log.error("update_unreadable", update=row.update_id)
                await self.fail(row.update_id, "unreadable")
            else:
                decrypted.append(StoredUpdate(**row._asdict() | {"payload": payload}))
        return decrypted


_ADD: Final = {
    "sqlite": sqlite.insert(UpdateRow).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(UpdateRow).on_conflict_do_nothing(),
}


def _add_all(connection: sa.Connection, rows: Sequence[Mapping[str, object]]) -> set[int]:
    """Insert rows; the ids of those that were not there."""
    statement = _ADD[connection.dialect.name]
    return {
        int(str(row["update_id"]))
        for row in rows
        if connection.execute(statement, row).rowcount == 1
    }


def _add_with_cards(
    connection: sa.Connection,
    rows: Sequence[Mapping[str, object]],
    signals: Sequence[RiskSignal],
    card_window: timedelta,
    lease: Lease,
) -> StoredBatch:
    new = _add_all(connection, rows)
    for signal in signals:
        if signal.update_id in new and signal.level >= CARD_FROM and signal.stops_answer:
            request_stop(connection, signal.chat_id, kind="danger")
    owed = [
        card
        for signal in signals
        if signal.update_id in new
        and (card := cards.owe_for_update(connection, signal, card_window, lease)) is not None
    ]
    return StoredBatch(frozenset(new), tuple(owed))


def _end(
    connection: sa.Connection, update_ids: tuple[int, ...], values: Mapping[str, object]
) -> None:
    connection.execute(
        sa.update(UpdateRow)
        .where(UpdateRow.update_id.in_(update_ids))
        .values({"owner": None, "lease_until": None, **values})
    )


def _select_last_update_id(connection: sa.Connection, since: datetime) -> int | None:
    return connection.scalar(
        sa.select(UpdateRow.update_id)
        .where(UpdateRow.received_at > since)
        .order_by(UpdateRow.received_at.desc(), UpdateRow.update_id.desc())
        .limit(1)
    )


def _purge(connection: sa.Connection, before: datetime) -> int:
    return connection.execute(
        sa.delete(UpdateRow).where(
            UpdateRow.state.in_(("done", "failed")), UpdateRow.received_at < before
        )
    ).rowcount
