"""The danger a person is in: it belongs to them, not to a conversation, and it ends by itself.

It is kept by the chat it was told in. A private chat, whose id is its person's, knows all of it; in
a group only what was said there counts, because everything that follows from it is read by others.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.storage import check_ins, crisis_talks, pending_questions
from bot.storage.crisis_talks import CARD_FROM, StoredTalk
from bot.storage.db.dialect import insert
from bot.storage.models import RiskRow, UpdateRow, UserRow

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from bot.storage.db.clock import Clock
    from bot.storage.db.database import Database
    from bot.storage.db.dialect import AnyRow
    from bot.storage.pending_questions import PendingQuestion, PersonInChat


@dataclass(frozen=True, slots=True)
class RiskSignal:
    """A sign of danger that was read in an update, or in the turn that the update became.

    Levels are those of `bot.safety` as numbers; all else are names, no words of a person.
    """

    update_id: int
    chat_id: int
    user_id: int
    level: int
    """From `CARD_FROM` on a card is owed."""
    language_code: str | None
    ends: Mapping[int, datetime]
    """Until when each level up to this one is kept in mind."""
    check_in_at: datetime | None = None
    """When to ask after the person; None: not at all."""
    stops_answer: bool = True
    """Whether the answer that is being made in the chat is stopped for a card; not so for an edit,
    which may be of the very message that is being answered."""
    danger: str | None = None
    """The kind of danger."""
    covered_from: int | None = None
    """The level of a card from which it has said what this one's would say; None: this level."""
    covered_by: frozenset[str] = frozenset()
    """The dangers whose cards have said what this one's would say; empty: this one's alone."""
    heard: str | None = None
    """The id of the sentence that takes up what was said."""
    answers: Mapping[str, str] = field(default_factory=dict)
    """What was said answers of the protocol, by question."""
    asked_anew: frozenset[str] = frozenset()
    """The questions whose earlier answers count no longer."""


@dataclass(frozen=True, slots=True)
class RiskState:
    """What is kept in mind of a person."""

    ends: Mapping[int, datetime]
    """Until when each level holds."""
    check_in_at: datetime | None = None
    """When to ask after the person; None: not at all, or they were asked already."""
    region: str | None = None
    """Whose hotlines the person chose."""


@dataclass(frozen=True, slots=True)
class TurnRisk(RiskState):
    """What is kept in mind of a person in the chat of a turn."""

    ends_before: Mapping[int, datetime] = field(default_factory=dict)
    """Those of `ends` that were known before the messages of the turn."""
    pending_question: PendingQuestion | None = None
    """What the bot asked last before the messages of the turn, if that was not in an answer."""
    talk: StoredTalk = field(default_factory=StoredTalk)
    """What the person was asked; in a group nothing of it counts."""


@dataclass(frozen=True, slots=True)
class SpeakerRisk:
    """What a person in danger is read with where they speak, as far as it takes one read for many.

    The fields are those of `TurnRisk`, as they are now.
    """

    ends: Mapping[int, datetime]
    pending_question: PendingQuestion | None
    talk: StoredTalk


class Risk:
    """Levels of danger, by person. Each method is one transaction."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def for_user(self, user_id: int) -> RiskState:
        """What is kept in mind of a person; the caller asks which level holds now."""
        return await self._database.read(select_for_user, user_id)

    async def for_chat(self, person: PersonInChat) -> RiskState:
        """What counts of a person in a chat; in a group only what was said there."""
        return await self._database.read(_read_in_chat, person)

    async def for_turn(self, person: PersonInChat, turn_id: int) -> TurnRisk:
        """What counts in the chat of a turn, and what was before its messages."""
        return await self._database.read(_read_for_turn, person, turn_id, self._clock())

    async def list_for_speakers(
        self, people: Collection[PersonInChat]
    ) -> dict[PersonInChat, SpeakerRisk]:
        """The levels of people and what they were asked; nothing of those who have no level."""
        return await self._database.read(_read_for_speakers, tuple(people), self._clock())

    async def record(self, signal: RiskSignal) -> None:
        """Keep a level in mind without owing a card for it."""
        await self._database.write(record, signal, self._clock())

    async def highest_since(self, user_id: int, since: datetime) -> int | None:
        """The highest level that was read of a person in private since a moment; None: none.

        What they took back, or said to be over, does not count.
        """
        return await self._database.read(_highest_since, user_id, since)

    async def lower(self, person: PersonInChat, lowest: int) -> None:
        """Go down one level, never below `lowest`: the person said they are safe.

        Said in a group, it lowers what was said there.
        """
        await self._database.write(_lower, person, lowest, self._clock())

    async def purge(self) -> None:
        """Forget the danger that is over."""
        await self._database.write(_purge, self._clock())


def record(connection: sa.Connection, signal: RiskSignal, now: datetime) -> None:
    """Keep a level, and those below it, in mind for longer; never for shorter."""
    if signal.level >= CARD_FROM:
        # Before the levels are written: whether an episode goes on is read from those before.
        if signal.check_in_at is not None:
            check_ins.expect(connection, signal.user_id, signal.check_in_at, now)
        crisis_talks.forget(connection, signal.user_id, signal.asked_anew)
        crisis_talks.note_danger(connection, signal.user_id, signal.danger, signal.answers, now)
    for level, until in signal.ends.items():
        statement = insert(connection, RiskRow).values(
            user_id=signal.user_id,
            chat_id=signal.chat_id,
            level=int(level),
            raised_at=now,
            holds_since=now,
            until=until,
        )
        holds_since = sa.case(
            (RiskRow.until > now, RiskRow.holds_since), else_=statement.excluded.holds_since
        )
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["user_id", "chat_id", "level"],
                set_={
                    "raised_at": now,
                    "holds_since": holds_since,
                    "until": statement.excluded.until,
                },
                where=RiskRow.until < statement.excluded.until,
            )
        )


def select_for_user(connection: sa.Connection, user_id: int) -> RiskState:
    """What is stored about a person, wherever it was told, ended or not."""
    return _read_in_chat(connection, (user_id, user_id))


def _read_in_chat(connection: sa.Connection, person: PersonInChat) -> RiskState:
    ends = {row.level: row.until for row in _select_levels(connection, person)}
    user_id, _ = person
    due_at = check_ins.select_due_at(connection, user_id) if ends else None
    return RiskState(ends, due_at, _select_region(connection, user_id))


def _read_for_turn(
    connection: sa.Connection, person: PersonInChat, turn_id: int, now: datetime
) -> TurnRisk:
    user_id, chat_id = person
    region = _select_region(connection, user_id)
    levels = _select_levels(connection, person)
    if not levels:
        return TurnRisk({}, region=region)
    said_at = connection.scalar(
        sa.select(sa.func.min(UpdateRow.received_at)).where(UpdateRow.turn_id == turn_id)
    )
    # The card of these very messages had asked nothing yet when they were written.
    talks = (
        crisis_talks.select_for_people(connection, [user_id], now, asked_before=said_at)
        if user_id == chat_id
        else {}
    )
    asked = pending_questions.select_for_people(connection, [person], said_at)
    return TurnRisk(
        ends={row.level: row.until for row in levels},
        check_in_at=check_ins.select_due_at(connection, user_id),
        region=region,
        ends_before={
            row.level: row.until for row in levels if said_at is None or row.holds_since < said_at
        },
        pending_question=asked.get(person),
        talk=talks.get(user_id, StoredTalk()),
    )


def _select_levels(connection: sa.Connection, person: PersonInChat) -> Sequence[AnyRow]:
    return connection.execute(
        sa.select(RiskRow.level, RiskRow.until, RiskRow.holds_since)
        .where(_counts_in(person))
        .order_by(RiskRow.until)  # of two chats' the later one is kept
    ).all()


def _select_region(connection: sa.Connection, user_id: int) -> str | None:
    return connection.scalar(sa.select(UserRow.region).where(UserRow.id == user_id))


def _counts_in(person: PersonInChat) -> sa.ColumnElement[bool]:
    """Which rows count for a person in a chat."""
    user_id, chat_id = person
    of_person = RiskRow.user_id == user_id
    return of_person if chat_id == user_id else sa.and_(of_person, RiskRow.chat_id == chat_id)


def _read_for_speakers(
    connection: sa.Connection, people: tuple[PersonInChat, ...], now: datetime
) -> dict[PersonInChat, SpeakerRisk]:
    rows = connection.execute(
        sa.select(RiskRow.user_id, RiskRow.chat_id, RiskRow.level, RiskRow.until)
        .where(RiskRow.user_id.in_({user_id for user_id, _ in people}))
        .order_by(RiskRow.until)
    ).all()
    if not rows:
        return {}  # most messages of most people: nothing more is asked
    asked = pending_questions.select_for_people(connection, people)
    talks = crisis_talks.select_for_people(
        connection, {user_id for user_id, chat_id in people if user_id == chat_id}, now
    )
    found = {}
    for user_id, chat_id in people:
        ends = {
            row.level: row.until
            for row in rows
            if row.user_id == user_id and chat_id in (user_id, row.chat_id)
        }
        if ends:
            person = user_id, chat_id
            talk = talks.get(user_id, StoredTalk()) if user_id == chat_id else StoredTalk()
            found[person] = SpeakerRisk(ends, asked.get(person), talk)
    return found


def _highest_since(connection: sa.Connection, user_id: int, since: datetime) -> int | None:
    return connection.scalar(
        sa.select(sa.func.max(RiskRow.level)).where(
            RiskRow.user_id == user_id, RiskRow.chat_id == user_id, RiskRow.raised_at >= since
        )
    )


def _lower(connection: sa.Connection, person: PersonInChat, lowest: int, now: datetime) -> None:
    counts = _counts_in(person)
    highest = connection.scalar(
        sa.select(sa.func.max(RiskRow.level)).where(counts, RiskRow.until > now)
    )
    if highest is not None and highest > lowest:
        connection.execute(sa.delete(RiskRow).where(counts, RiskRow.level == highest))
    user_id, chat_id = person
    if chat_id == user_id:
        check_ins.cancel(connection, user_id)


def _purge(connection: sa.Connection, now: datetime) -> None:
    connection.execute(sa.delete(RiskRow).where(RiskRow.until <= now))


def erase_for_user(connection: sa.Connection, user_id: int) -> None:
    """Forget a person."""
    connection.execute(sa.delete(RiskRow).where(RiskRow.user_id == user_id))
