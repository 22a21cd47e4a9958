"""What is remembered of people beyond the context window: short lines, encrypted, each to expire.

`bot.storage.memory_folds` tells how what people say becomes lines.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
import structlog

from bot.storage import preferences
from bot.storage.db.dialect import insert, lock_chat
from bot.storage.db.encryption import Place
from bot.storage.db.errors import WrongKey
from bot.storage.models import ConversationRow, MemoryLineRow, MemoryRow, TurnRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from bot.storage.db.clock import Clock
    from bot.storage.db.database import Database
    from bot.storage.db.dialect import AnyRow
    from bot.storage.db.encryption import Cipher
    from bot.storage.disclosures import Disclosure
    from bot.storage.preferences import Preferences

log = structlog.get_logger(__name__)


class MemoryKind(StrEnum):
    """What a line is about, in the order in which lines are shown."""

    NAME = "name"
    PERSON = "person"
    EVENT = "event"
    HELPS = "helps"
    MANNER = "manner"


@dataclass(frozen=True, slots=True)
class MemoryFact:
    """One thing about a person.

    Args:
        kind: what it is about.
        said: the name, what happened, what helps; the key of a manner of speaking.
        note: of a person: who they are to the one who writes.
        on: of an event: its day, if it is known.
    """

    kind: MemoryKind
    said: str
    note: str = ""
    on: dt.date | None = None


@dataclass(frozen=True, slots=True)
class MemoryLine:
    """A fact as it is kept.

    `turn_id` is the turn that told it; `is_own`: the person wrote it down in place of a line.
    """

    id: int
    fact: MemoryFact
    turn_id: int | None
    is_own: bool
    noted_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class MemoryRecord:
    """What is remembered of a person; `folded_number` is of the conversation it was read for."""

    lines: tuple[MemoryLine, ...] = ()
    is_off: bool = False
    folded_number: int = 0


class Memories:
    """What is remembered of people. Each method is one transaction."""

    def __init__(self, database: Database, cipher: Cipher, clock: Clock) -> None:
        self._database = database
        self._cipher = cipher
        self._clock = clock

    async def for_turn(
        self, user_id: int, conversation_id: int
    ) -> tuple[Disclosure, Preferences, MemoryRecord]:
        """What a person who writes in a conversation was told, what they chose, what is remembered.

        All in one transaction: a turn asks the database for little.
        """
        disclosure, chosen, rows = await self._database.read(
            _select_for_turn, user_id, conversation_id, self._clock()
        )
        return disclosure, chosen, _memory(rows, user_id, self._cipher)

    async def for_user(self, user_id: int) -> MemoryRecord:
        """What is remembered of a person."""
        rows = await self._database.read(_select_memory, user_id, self._clock())
        return _memory(rows, user_id, self._cipher)

    async def switch(self, user_id: int, *, off: bool) -> None:
        """Remember nothing more of a person, or do again; what was said until now stays unread."""
        await self._database.write(_switch, user_id, self._clock() if off else None)

    async def forget(self, user_id: int) -> int:
        """Delete all that is remembered of a person, read or still to be read; how many lines."""
        return await self._database.write(_forget, user_id)

    async def delete(self, user_id: int, line_id: int) -> bool:
        """Delete one line; whether there was one."""
        return await self._database.write(_delete, user_id, line_id)

    async def ask(self, user_id: int, line_id: int, message_id: int) -> None:
        """Note that a message asks a person for a line as it should be."""
        values = {"asked_line": line_id, "asked_in": message_id}
        await self._database.write(_put, user_id, values)

    async def asked_in(self, user_id: int, message_id: int) -> MemoryLine | None:
        """The line that a message asks a person for, if it does and the line is still there."""
        row = await self._database.read(_select_asked, user_id, message_id, self._clock())
        return next(iter(_lines([] if row is None else [row], user_id, self._cipher)), None)

    async def correct(self, user_id: int, line_id: int, fact: MemoryFact, until: datetime) -> bool:
        """Put what a person wrote in place of a line; False if that line is gone."""
        return await self._database.write(
            _correct, self._cipher, user_id, line_id, fact, (self._clock(), until)
        )

    async def purge(self) -> None:
        """Delete the lines that have expired."""
        await self._database.write(_purge, self._clock())


_LINE: Final = (
    MemoryLineRow.id,
    MemoryLineRow.kind,
    MemoryLineRow.said,
    MemoryLineRow.turn_id,
    MemoryLineRow.is_own,
    MemoryLineRow.noted_at,
    MemoryLineRow.expires_at,
)
_USER: Final = sa.bindparam("user", type_=sa.BigInteger)
_IS_KEPT: Final = sa.and_(
    MemoryLineRow.user_id == _USER, MemoryLineRow.expires_at > sa.bindparam("now")
)
# Read at every turn, so it is one statement, built once.
_FOR_TURN: Final = (
    sa.select(ConversationRow.folded_number, MemoryRow.off_at, *_LINE)
    .select_from(ConversationRow)
    .outerjoin(MemoryRow, MemoryRow.user_id == _USER)
    .outerjoin(MemoryLineRow, _IS_KEPT)
    .where(ConversationRow.id == sa.bindparam("conversation"))
    .order_by(MemoryLineRow.id)
)


def line_place(user_id: int, kind: str, line_id: int) -> Place:
    """Where the ciphertext of a line belongs."""
    return Place(
        "memory_lines.said",
        (kind, line_id),
        user_id=user_id,
        chat_id=None,
        version_1=b"memory_lines.said:%d" % line_id,
    )


def select_for_user(connection: sa.Connection, user_id: int) -> Sequence[AnyRow]:
    """The lines of a person, sealed."""
    return connection.execute(
        sa.select(*_LINE).where(MemoryLineRow.user_id == user_id).order_by(MemoryLineRow.id)
    ).all()


def decrypt_line(row: AnyRow, user_id: int, cipher: Cipher) -> MemoryLine:
    """Decrypt a row of `select_for_user`."""
    told = json.loads(cipher.decrypt_text(row.said, line_place(user_id, row.kind, row.id)))
    on = dt.date.fromisoformat(told["on"]) if told.get("on") else None
    return MemoryLine(
        id=row.id,
        fact=MemoryFact(MemoryKind(row.kind), told["said"], told.get("note", ""), on),
        turn_id=row.turn_id,
        is_own=row.is_own,
        noted_at=row.noted_at,
        expires_at=row.expires_at,
    )


def forget_conversation(connection: sa.Connection, conversation_id: int) -> None:
    """Delete the lines that the turns of a conversation have told."""
    told = sa.select(TurnRow.id).where(TurnRow.conversation_id == conversation_id)
    connection.execute(sa.delete(MemoryLineRow).where(MemoryLineRow.turn_id.in_(told)))


def erase_for_user(connection: sa.Connection, user_id: int) -> None:
    """Delete all that is remembered of a person, and that they did not want it."""
    for table in (MemoryLineRow, MemoryRow):
        connection.execute(sa.delete(table).where(table.user_id == user_id))


def _memory(rows: Sequence[AnyRow], user_id: int, cipher: Cipher) -> MemoryRecord:
    if not rows:
        return MemoryRecord()
    return MemoryRecord(
        lines=tuple(_lines((row for row in rows if row.id is not None), user_id, cipher)),
        is_off=rows[0].off_at is not None,
        folded_number=rows[0].folded_number,
    )


def _lines(rows: Iterable[AnyRow], user_id: int, cipher: Cipher) -> Iterable[MemoryLine]:
    for row in rows:
        try:
            yield decrypt_line(row, user_id, cipher)
        except WrongKey:
            log.error("memory_line_unreadable", line=row.id)


def _select_for_turn(
    connection: sa.Connection, user_id: int, conversation_id: int, now: datetime
) -> tuple[Disclosure, Preferences, Sequence[AnyRow]]:
    rows = connection.execute(
        _FOR_TURN, {"user": user_id, "conversation": conversation_id, "now": now}
    ).all()
    return *preferences.select_with_disclosure(connection, user_id), rows


def _select_memory(connection: sa.Connection, user_id: int, now: datetime) -> Sequence[AnyRow]:
    person = sa.select(_USER.label("user_id")).subquery()
    return connection.execute(
        sa.select(sa.literal(0).label("folded_number"), MemoryRow.off_at, *_LINE)
        .select_from(person)
        .outerjoin(MemoryRow, MemoryRow.user_id == person.c.user_id)
        .outerjoin(MemoryLineRow, _IS_KEPT)
        .order_by(MemoryLineRow.id),
        {"user": user_id, "now": now},
    ).all()


def _put(connection: sa.Connection, user_id: int, values: dict[str, Any]) -> None:
    statement = insert(connection, MemoryRow).values(user_id=user_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["user_id"], set_=values))


def _switch(connection: sa.Connection, user_id: int, off_at: datetime | None) -> None:
    lock_chat(connection, user_id, wait=True)
    _put(connection, user_id, {"off_at": off_at})
    _leave_unread(connection, user_id)


def _leave_unread(connection: sa.Connection, user_id: int) -> None:
    """Take all that was said in a private chat as folded, without having read it."""
    newest = (
        sa.select(sa.func.coalesce(sa.func.max(TurnRow.number), 0))
        .where(TurnRow.conversation_id == ConversationRow.id)
        .scalar_subquery()
    )
    connection.execute(
        sa.update(ConversationRow)
        .where(ConversationRow.chat_id == user_id)
        .values(folded_number=newest, fold_due_at=None)
    )


def _forget(connection: sa.Connection, user_id: int) -> int:
    lock_chat(connection, user_id, wait=True)
    _leave_unread(connection, user_id)
    mine = MemoryLineRow.user_id == user_id
    return connection.execute(sa.delete(MemoryLineRow).where(mine)).rowcount


def _is_line(user_id: int, line_id: int) -> sa.ColumnElement[bool]:
    return sa.and_(MemoryLineRow.user_id == user_id, MemoryLineRow.id == line_id)


def _delete(connection: sa.Connection, user_id: int, line_id: int) -> bool:
    gone = connection.execute(sa.delete(MemoryLineRow).where(_is_line(user_id, line_id)))
    return gone.rowcount > 0


def _select_asked(
    connection: sa.Connection, user_id: int, message_id: int, now: datetime
) -> AnyRow | None:
    return connection.execute(
        sa.select(*_LINE)
        .join(MemoryRow, MemoryRow.asked_line == MemoryLineRow.id)
        .where(MemoryRow.user_id == user_id, MemoryRow.asked_in == message_id, _IS_KEPT),
        {"user": user_id, "now": now},
    ).one_or_none()


def _correct(
    connection: sa.Connection,
    cipher: Cipher,
    user_id: int,
    line_id: int,
    fact: MemoryFact,
    times: tuple[datetime, datetime],
) -> bool:
    now, until = times
    changed = connection.execute(
        sa.update(MemoryLineRow)
        .where(_is_line(user_id, line_id), MemoryLineRow.kind == fact.kind)
        .values(
            said=sealed_line(cipher, user_id, line_id, fact),
            is_own=True,
            turn_id=None,
            noted_at=now,
            expires_at=until,
        )
    )
    return changed.rowcount > 0


def sealed_line(cipher: Cipher, user_id: int, line_id: int, fact: MemoryFact) -> bytes:
    """The ciphertext of a line."""
    told = {"said": fact.said, "note": fact.note, "on": fact.on.isoformat() if fact.on else None}
    text = json.dumps(told, ensure_ascii=False)
    return cipher.encrypt_text(text, line_place(user_id, fact.kind, line_id))


def _purge(connection: sa.Connection, now: datetime) -> None:
    connection.execute(sa.delete(MemoryLineRow).where(MemoryLineRow.expires_at <= now))
