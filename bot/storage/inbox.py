"""The inbox: every update, stored before Telegram is told that it arrived, until it is dealt with.

    new ──claim──> claimed ──done──> done (without its text)
     ^                │ └───failed──> failed (kept, with a reason)
     └─release, lease─┘

Updates that become a turn are claimed by `Turns.begin_turn` and end with the turn. The others
(commands, buttons, stickers) are claimed here, with a lease of their own.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from bot.storage.dialect import insert, lock_chat
from bot.storage.models import TURN_IS_UNFINISHED, TurnRow, UpdateRow
from bot.storage.values import InboxCounts, StoredUpdate

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from bot.storage.database import Database
    from bot.storage.encryption import Cipher
    from bot.storage.values import Claimant, NewUpdate, UpdateState

# Telegram may start over with lower ids after a week without updates.
_IDS_ARE_SEQUENTIAL_FOR: Final = timedelta(days=6)

_FREE: Final = {"state": "new", "owner": None, "lease_until": None}


def payload_context(update_id: int) -> bytes:
    """Where the ciphertext of an update belongs."""
    return b"updates.payload:%d" % update_id


class Inbox:
    """Updates that arrived, and who is dealing with them. Each method is one transaction."""

    def __init__(self, database: Database, cipher: Cipher, claimant: Claimant) -> None:
        self._database = database
        self._cipher = cipher
        self._claimant = claimant

    async def add(self, update: NewUpdate) -> bool:
        """Store an update; False if it was stored before."""
        return bool(await self.add_all([update]))

    async def add_all(self, updates: Sequence[NewUpdate]) -> set[int]:
        """Store updates, all or none; the ids of those that had not been stored before."""
        rows = [
            {
                "update_id": update.update_id,
                "chat_id": update.chat_id,
                "lane": update.lane,
                "state": "new",
                "payload": self._cipher.encrypt(update.payload, payload_context(update.update_id)),
                "received_at": update.received_at,
                "attempts": 0,
            }
            for update in updates
        ]
        return await self._database.write(_add_all, rows)

    async def pending_of_chat(self, chat_id: int) -> list[StoredUpdate]:
        """What waits in the lane of a chat, oldest first."""
        return self._opened(await self._database.read(_pending_of_chat, chat_id))

    async def chats_with_work(self, limit: int, exclude: Collection[int] = ()) -> list[int]:
        """Chats that have updates waiting and nobody at work, the longest waiting first."""
        return await self._database.read(_chats_with_work, limit, tuple(exclude))

    async def claim_express(self, limit: int) -> list[StoredUpdate]:
        """Claim updates of the express lane, oldest first."""
        rows = await self._database.write(
            _claim_express, limit, self._claimant.owner, self._claimant.lease_until()
        )
        return self._opened(rows)

    async def claim(self, update_id: int) -> StoredUpdate | None:
        """Claim one update; None if it no longer waits, or another one of its chat is in work.

        An update of the express lane does not mind what happens in its chat.
        """
        row = await self._database.write(
            _claim, update_id, self._claimant.owner, self._claimant.lease_until()
        )
        return None if row is None else self._opened([row])[0]

    async def done(self, update_id: int) -> None:
        """End an update and forget its text."""
        await self.done_all([update_id])

    async def done_all(self, update_ids: Collection[int]) -> None:
        """End updates, claimed or still waiting, and forget their text."""
        await self._database.write(
            _set, tuple(update_ids), {**_FREE, "state": "done", "payload": None}
        )

    async def failed(self, update_id: int, reason: str) -> None:
        """Give an update up. It is kept, with a short reason for machines, and blocks nothing."""
        await self._database.write(
            _set, (update_id,), {**_FREE, "state": "failed", "reason": reason[:64]}
        )

    async def release(self, update_ids: Collection[int]) -> None:
        """Hand back what we claimed and did not finish."""
        await self._database.write(_release, tuple(update_ids), self._claimant.owner)

    async def release_expired(self) -> int:
        """Hand back claims whose lease has run out; how many."""
        return await self._database.write(_release_expired, self._claimant.clock())

    async def take_over(self) -> int:
        """Hand back every claim of another owner, for a bot that knows it is the only one."""
        return await self._database.write(_take_over, self._claimant.owner)

    async def renew(self, update_ids: Collection[int]) -> set[int]:
        """Prolong our claims; the ids of those that are still ours."""
        return await self._database.write(
            _renew, tuple(update_ids), self._claimant.owner, self._claimant.lease_until()
        )

    async def counts(self) -> InboxCounts:
        """How many updates are in each state that is not done."""
        return await self._database.read(_counts)

    async def last_update_id(self) -> int | None:
        """The id after which polling may go on; None when it should take what Telegram has."""
        since = self._claimant.clock() - _IDS_ARE_SEQUENTIAL_FOR
        return await self._database.read(_last_update_id, since)

    async def purge_done(self, before: datetime) -> int:
        """Delete what is done and arrived before a moment; how many."""
        return await self._database.write(_purge_done, before)

    def _opened(self, rows: Sequence[sa.Row[Any]]) -> list[StoredUpdate]:
        return [
            StoredUpdate(
                update_id=row.update_id,
                chat_id=row.chat_id,
                lane=row.lane,
                payload=self._cipher.decrypt(row.payload, payload_context(row.update_id)),
                received_at=row.received_at,
                attempts=row.attempts,
            )
            for row in rows
        ]


_STORED: Final = sa.select(
    UpdateRow.update_id,
    UpdateRow.chat_id,
    UpdateRow.lane,
    UpdateRow.payload,
    UpdateRow.received_at,
    UpdateRow.attempts,
)
_PENDING_OF_CHAT: Final = _STORED.where(
    UpdateRow.chat_id == sa.bindparam("chat"),
    UpdateRow.state == "new",
    UpdateRow.lane == "chat",
).order_by(UpdateRow.update_id)
_EXPRESS: Final = (
    _STORED.where(UpdateRow.state == "new", UpdateRow.lane == "express")
    .order_by(UpdateRow.update_id)
    .limit(sa.bindparam("limit", type_=sa.Integer))
    .with_for_update(skip_locked=True)
)
_IN_WORK: Final = sa.orm.aliased(UpdateRow)


def chat_is_in_work(chat_id: sa.ColumnElement[int | None]) -> sa.ColumnElement[bool]:
    """Whether a turn of a chat is unfinished or an update of its lane is claimed."""
    return sa.or_(
        sa.exists().where(TurnRow.chat_id == chat_id, TURN_IS_UNFINISHED),
        sa.exists().where(
            _IN_WORK.chat_id == chat_id, _IN_WORK.state == "claimed", _IN_WORK.lane == "chat"
        ),
    )


_CHATS_WITH_WORK: Final = (
    sa.select(UpdateRow.chat_id)
    .where(
        UpdateRow.state == "new",
        UpdateRow.lane == "chat",
        UpdateRow.chat_id.is_not(None),
        UpdateRow.chat_id.not_in(sa.bindparam("exclude", expanding=True)),
        ~chat_is_in_work(UpdateRow.chat_id),
    )
    .group_by(UpdateRow.chat_id)
    .order_by(sa.func.min(UpdateRow.update_id))
    .limit(sa.bindparam("limit", type_=sa.Integer))
)


def _add_all(connection: sa.Connection, rows: list[dict[str, object]]) -> set[int]:
    statement = insert(connection, UpdateRow).on_conflict_do_nothing()
    return {
        int(str(row["update_id"]))
        for row in rows
        if connection.execute(statement, row).rowcount == 1
    }


def _pending_of_chat(connection: sa.Connection, chat_id: int) -> Sequence[sa.Row[Any]]:
    return connection.execute(_PENDING_OF_CHAT, {"chat": chat_id}).all()


def _chats_with_work(connection: sa.Connection, limit: int, exclude: tuple[int, ...]) -> list[int]:
    found = connection.scalars(_CHATS_WITH_WORK, {"limit": limit, "exclude": exclude})
    return [chat_id for chat_id in found if chat_id is not None]


def _claim_express(
    connection: sa.Connection, limit: int, owner: str, lease_until: datetime
) -> Sequence[sa.Row[Any]]:
    rows = connection.execute(_EXPRESS, {"limit": limit}).all()
    _take(connection, [row.update_id for row in rows], owner, lease_until)
    return rows


def _claim(
    connection: sa.Connection, update_id: int, owner: str, lease_until: datetime
) -> sa.Row[Any] | None:
    row = connection.execute(
        _STORED.where(UpdateRow.update_id == update_id, UpdateRow.state == "new").with_for_update(
            skip_locked=True
        )
    ).one_or_none()
    if row is None:
        return None
    if row.lane == "chat" and row.chat_id is not None:
        if not lock_chat(connection, row.chat_id, wait=False):
            return None
        if connection.scalar(sa.select(chat_is_in_work(sa.literal(row.chat_id)))):
            return None
    _take(connection, [update_id], owner, lease_until)
    return row


def _take(
    connection: sa.Connection, update_ids: list[int], owner: str, lease_until: datetime
) -> None:
    if update_ids:
        connection.execute(
            sa.update(UpdateRow)
            .where(UpdateRow.update_id.in_(update_ids))
            .values(
                state="claimed",
                owner=owner,
                lease_until=lease_until,
                attempts=UpdateRow.attempts + 1,
            )
        )


def _set(connection: sa.Connection, update_ids: tuple[int, ...], values: dict[str, object]) -> None:
    connection.execute(
        sa.update(UpdateRow).where(UpdateRow.update_id.in_(update_ids)).values(values)
    )


_CLAIMED_HERE: Final = sa.and_(UpdateRow.state == "claimed", UpdateRow.turn_id.is_(None))


def _release(connection: sa.Connection, update_ids: tuple[int, ...], owner: str) -> None:
    connection.execute(
        sa.update(UpdateRow)
        .where(_CLAIMED_HERE, UpdateRow.update_id.in_(update_ids), UpdateRow.owner == owner)
        .values(_FREE)
    )


def _release_expired(connection: sa.Connection, now: datetime) -> int:
    return connection.execute(
        sa.update(UpdateRow).where(_CLAIMED_HERE, UpdateRow.lease_until < now).values(_FREE)
    ).rowcount


def _take_over(connection: sa.Connection, owner: str) -> int:
    return connection.execute(
        sa.update(UpdateRow).where(_CLAIMED_HERE, UpdateRow.owner != owner).values(_FREE)
    ).rowcount


def _renew(
    connection: sa.Connection, update_ids: tuple[int, ...], owner: str, lease_until: datetime
) -> set[int]:
    return set(
        connection.scalars(
            sa.update(UpdateRow)
            .where(_CLAIMED_HERE, UpdateRow.update_id.in_(update_ids), UpdateRow.owner == owner)
            .values(lease_until=lease_until)
            .returning(UpdateRow.update_id)
        )
    )


def _counts(connection: sa.Connection) -> InboxCounts:
    open_states: tuple[UpdateState, ...] = ("new", "claimed", "failed")
    found: dict[str, int] = {
        row.state: row.n
        for row in connection.execute(
            sa.select(UpdateRow.state, sa.func.count().label("n"))
            .where(UpdateRow.state.in_(open_states))
            .group_by(UpdateRow.state)
        )
    }
    return InboxCounts(**{state: found.get(state, 0) for state in open_states})


def _last_update_id(connection: sa.Connection, since: datetime) -> int | None:
    return connection.scalar(
        sa.select(UpdateRow.update_id)
        .where(UpdateRow.received_at > since)
        .order_by(UpdateRow.received_at.desc(), UpdateRow.update_id.desc())
        .limit(1)
    )


def _purge_done(connection: sa.Connection, before: datetime) -> int:
    return connection.execute(
        sa.delete(UpdateRow).where(UpdateRow.state == "done", UpdateRow.received_at < before)
    ).rowcount
