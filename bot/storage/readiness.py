"""Whether what arrives now would be stored and answered: the whole way of a message, tried out."""

from __future__ import annotations

import asyncio
import secrets
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
import structlog

from bot.storage.db.errors import StorageError
from bot.storage.jobs import take
from bot.storage.models import (
    Base,
    ConversationRow,
    CrisisCardRow,
    SchemaCompatibilityRow,
    TurnRow,
    UpdateRow,
    UserRow,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.storage.db.database import Database
    from bot.storage.db.leases import LeaseOwner

log = structlog.get_logger(__name__)

WITHIN: Final = 2.0
HOLDS_FOR: Final = 2.0
_RIGHTS: Final = "SELECT, INSERT, UPDATE, DELETE"


class Readiness:
    """Takes a made-up message the way that every message goes, and undoes it.

    A database whose disk is full still answers every question, so one row is written for good; one
    that takes updates may refuse turns, so a turn is begun and ended, too. However often it is
    asked, by whomever, the database is asked once in two seconds at most.
    """

    def __init__(
        self,
        database: Database,
        lease_owner: LeaseOwner,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._lease_owner = lease_owner
        self._clock = clock
        self._asking = asyncio.Lock()
        self._known: tuple[bool, float] | None = None
        """What was found, and until when it holds."""

    async def check(self) -> bool:
        """Whether what arrives now would be stored. Never raises, takes 2 s at most."""
        async with self._asking:
            if self._known is None or self._clock() >= self._known[1]:
                was_well = self._known is None or self._known[0]
                found = await self._tries(was_well=was_well)
                self._known = found, self._clock() + HOLDS_FOR
            return self._known[0]

    async def _tries(self, *, was_well: bool) -> bool:
        try:
            async with asyncio.timeout(WITHIN):
                await self._database.write(_walk, self._lease_owner.id, self._lease_owner.clock())
        except (StorageError, TimeoutError) as error:
            if was_well:
                log.error("messages_cannot_be_kept", error=type(error).__name__, detail=str(error))
            return False
        return True


def _walk(connection: sa.Connection, owner: str, now: datetime) -> None:
    with connection.begin_nested() as made_up:
        _begin_and_end_a_turn(connection, now)
        made_up.rollback()
    if connection.dialect.name == "postgresql":
        _require_rights(connection)
    row = {"name": "readiness", "owner": owner, "until": now + timedelta()}
    take(connection, row, now, renewable=False)


def _begin_and_end_a_turn(connection: sa.Connection, now: datetime) -> None:
    """Insert and change a row in each table that a message passes."""
    nobody = -secrets.randbits(62)  # no two replicas wait for each other at a unique index
    empty = b""
    connection.execute(
        sa.insert(UserRow).values(id=nobody, created_at=now, last_seen_at=now),
    )
    conversation = connection.execute(
        sa.insert(ConversationRow)
        .values(chat_id=nobody, started_at=now)
        .returning(ConversationRow.id)
    ).scalar_one()
    turn = connection.execute(
        sa.insert(TurnRow)
        .values(
            conversation_id=conversation,
            chat_id=nobody,
            number=1,
            user_id=nobody,
            state="pending",
            user_text=empty,
            created_at=now,
            attempts=1,
        )
        .returning(TurnRow.id)
    ).scalar_one()
    connection.execute(
        sa.insert(UpdateRow).values(
            update_id=nobody,
            chat_id=nobody,
            lane="chat",
            state="new",
            payload=empty,
            received_at=now,
            attempts=0,
        )
    )
    connection.execute(
        sa.update(UpdateRow)
        .where(UpdateRow.update_id == nobody)
        .values(state="claimed", turn_id=turn)
    )
    connection.execute(
        sa.insert(CrisisCardRow).values(
            update_id=nobody,
            level=3,
            chat_id=nobody,
            user_id=nobody,
            repeated=False,
            number=1,
            state="owed",
            created_at=now,
        )
    )
    connection.execute(
        sa.update(CrisisCardRow).where(CrisisCardRow.update_id == nobody).values(state="sent")
    )
    connection.execute(
        sa.update(TurnRow).where(TurnRow.id == turn).values(state="answered", answer=empty)
    )
    connection.execute(
        sa.update(ConversationRow).where(ConversationRow.id == conversation).values(revision=1)
    )
    connection.execute(
        sa.update(UpdateRow).where(UpdateRow.update_id == nobody).values(state="done", payload=None)
    )


def _require_rights(connection: sa.Connection) -> None:
    """Raise StorageError unless this user may read and change every table of the program."""
    # Migrations alone write down what the tables are fit for, and they have another user.
    names = [
        table.name
        for table in Base.metadata.sorted_tables
        if table is not SchemaCompatibilityRow.__table__
    ]
    name = sa.func.unnest(sa.cast(names, sa.ARRAY(sa.Text))).column_valued("name")
    has_all = (sa.func.has_table_privilege(name, right) for right in _RIGHTS.split(", "))
    refused = connection.scalars(sa.select(name).where(~sa.and_(*has_all))).all()
    if refused:
        raise StorageError(
            f"This user of PostgreSQL may not change {', '.join(sorted(refused))}; "
            f"grant {_RIGHTS} on it."
        )
