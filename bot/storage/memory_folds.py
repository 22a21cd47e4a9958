"""Which conversations are to be folded into what is remembered, and what came of it.

What was said in a private conversation is folded into lines behind the answers. That it is owed
stands in the conversation's row: `fold_due_at` is set with the end of each turn, and moved into
the future by who begins to fold, so it is due again where that process dies. `folded_number` is
the last turn that was folded: lines are written only together with it, once.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from bot.storage.db.dialect import lock_chat
from bot.storage.memories import sealed_line
from bot.storage.models import ConversationRow, MemoryLineRow, MemoryRow

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.storage.db.clock import Clock
    from bot.storage.db.database import Database
    from bot.storage.db.encryption import Cipher
    from bot.storage.memories import MemoryFact

FOLDING_LASTS: Final = dt.timedelta(minutes=10)
"""Who began to fold a conversation and has not ended by then is taken to be gone."""


@dataclass(frozen=True, slots=True)
class DueFold:
    """A conversation to be folded from the turn behind `folded_number` on, until `until`."""

    conversation_id: int
    user_id: int
    folded_number: int
    until: datetime


@dataclass(frozen=True, slots=True)
class NewMemory:
    """A fact that a turn has told, and until when it is kept."""

    fact: MemoryFact
    turn_id: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class MemoryChanges:
    """What folding some turns changes: new lines, lines told again, and lines that make room."""

    added: tuple[NewMemory, ...] = ()
    renewed: Mapping[int, datetime] = field(default_factory=dict)
    dropped: tuple[int, ...] = ()


class MemoryFolds:
    """What is to be folded. Each method is one transaction."""

    def __init__(self, database: Database, cipher: Cipher, clock: Clock) -> None:
        self._database = database
        self._cipher = cipher
        self._clock = clock

    async def claim_due(self, limit: int) -> list[DueFold]:
        """Conversations to be folded now, the longest waiting first; each is given to one."""
        return await self._database.write(_claim_due, self._clock(), limit)

    async def complete(
        self,
        due: DueFold,
        folded_number: int,
        changes: MemoryChanges,
        again_at: datetime | None = None,
    ) -> bool:
        """Write what was made of the turns up to a number; more is due at `again_at`, if given.

        False, and nothing changes, where they were folded or forgotten meanwhile, or the person
        wants nothing to be remembered any more.
        """
        return await self._database.write(
            _complete, self._cipher, due, folded_number, changes, (self._clock(), again_at)
        )

    async def release_others(self) -> None:
        """Take up what others have begun, for a bot that knows it is the only one.

        What would have been due within the same time by itself is due now, too.
        """
        await self._database.write(_release_others, self._clock())

    async def put_off(self, due: DueFold, until: datetime | None) -> None:
        """Note that a conversation could not be folded now; None: that there is nothing to fold."""
        await self._database.write(_put_off, due, until)


def _claim_due(connection: sa.Connection, now: datetime, limit: int) -> list[DueFold]:
    rows = connection.execute(
        sa.select(ConversationRow.id, ConversationRow.chat_id, ConversationRow.folded_number)
        .where(ConversationRow.fold_due_at <= now)
        .order_by(ConversationRow.fold_due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    if not rows:
        return []
    until = now + FOLDING_LASTS
    connection.execute(
        sa.update(ConversationRow)
        .where(ConversationRow.id.in_([row.id for row in rows]))
        .values(fold_due_at=until)
    )
    return [DueFold(row.id, row.chat_id, row.folded_number, until) for row in rows]


def _complete(
    connection: sa.Connection,
    cipher: Cipher,
    due: DueFold,
    folded_number: int,
    changes: MemoryChanges,
    times: tuple[datetime, datetime | None],
) -> bool:
    now, again_at = times
    user_id = due.user_id
    lock_chat(connection, user_id, wait=True)
    is_ours = sa.and_(
        ConversationRow.id == due.conversation_id,
        ConversationRow.folded_number == due.folded_number,
        ~sa.exists().where(MemoryRow.user_id == user_id, MemoryRow.off_at.is_not(None)),
    )
    # A turn that ended meanwhile has said itself when it is to be folded.
    then = sa.case(
        (
            ConversationRow.fold_due_at == due.until,
            sa.literal(again_at, ConversationRow.fold_due_at.type),
        ),
        else_=ConversationRow.fold_due_at,
    )
    folded = connection.execute(
        sa.update(ConversationRow)
        .where(is_ours)
        .values(folded_number=folded_number, fold_due_at=then)
    )
    if folded.rowcount != 1:
        _put_off(connection, due, None)
        return False
    mine = MemoryLineRow.user_id == user_id
    connection.execute(
        sa.delete(MemoryLineRow).where(
            mine, MemoryLineRow.id.in_(changes.dropped), ~MemoryLineRow.is_own
        )
    )
    for line_id, until in changes.renewed.items():
        connection.execute(
            sa.update(MemoryLineRow)
            .where(mine, MemoryLineRow.id == line_id)
            .values(expires_at=until)
        )
    for new in changes.added:
        _add(connection, cipher, user_id, new, now)
    return True


def _add(
    connection: sa.Connection, cipher: Cipher, user_id: int, new: NewMemory, now: datetime
) -> None:
    line_id = connection.execute(
        sa.insert(MemoryLineRow).returning(MemoryLineRow.id),
        {
            "user_id": user_id,
            "kind": new.fact.kind,
            "said": b"",
            "turn_id": new.turn_id,
            "is_own": False,
            "noted_at": now,
            "expires_at": new.expires_at,
        },
    ).scalar_one()
    # The ciphertext is bound to the row's id, which the database gives.
    sealed = sealed_line(cipher, user_id, line_id, new.fact)
    connection.execute(
        sa.update(MemoryLineRow).where(MemoryLineRow.id == line_id).values(said=sealed)
    )


def _release_others(connection: sa.Connection, now: datetime) -> None:
    begun = ConversationRow.fold_due_at.between(now, now + FOLDING_LASTS)
    connection.execute(sa.update(ConversationRow).where(begun).values(fold_due_at=now))


def _put_off(connection: sa.Connection, due: DueFold, until: datetime | None) -> None:
    connection.execute(
        sa.update(ConversationRow)
        .where(ConversationRow.id == due.conversation_id, ConversationRow.fold_due_at == due.until)
        .values(fold_due_at=until)
    )
