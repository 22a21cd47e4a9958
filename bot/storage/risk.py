"""The danger a person is in: it belongs to them, not to a conversation, and it ends by itself.

It is kept by the chat it was told in. A private chat, whose id is its person's, knows all of it; in
a group only what was said there counts, because everything that follows from it is read by others.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

import sqlalchemy as sa

from bot.storage import crisis_talks
from bot.storage.crisis_talks import StoredTalk
from bot.storage.db.dialect import insert
from bot.storage.models import CheckInRow, CrisisCardRow, RiskRow, TurnRow, UpdateRow, UserRow

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from sqlalchemy.orm import InstrumentedAttribute

    from bot.storage.db.clock import Clock
    from bot.storage.db.database import Database

CARD_FROM: Final = 2
"""The level from which a card is owed and a person is asked after: high."""

PersonInChat = tuple[int, int]
"""A person and the chat in which they speak: user, chat."""

PendingQuestion = Literal["safe", "check_in"]
"""Whether the person is safe (a card, the help button), or how they are (a check-in)."""


@dataclass(frozen=True, slots=True)
class RiskSignal:
    """A sign of danger that was read in an update, or in the turn that the update became.

    Levels are those of `bot.safety` as numbers; from `CARD_FROM` on a card is owed. `ends` says
    until when each level up to this one is kept in mind, `check_in_at` when to ask after the
    person (None: not at all). `stops_answer`: the answer that is being made in the chat is stopped
    for a card; not so for an edit, which may be of the very message that is being answered.
    `danger` is the kind of it; a card from level `covered_from` on (None: its own) of one of the
    dangers `covered_by` (none: its own) has said what this one's would say. `heard` is the
    sentence that takes up what was said, `answers` what it answers of the protocol: names, no
    words. `asked_anew` are questions whose earlier answers count no longer.
    """

    update_id: int
    chat_id: int
    user_id: int
    level: int
    language_code: str | None
    ends: Mapping[int, datetime]
    check_in_at: datetime | None = None
    stops_answer: bool = True
    danger: str | None = None
    covered_from: int | None = None
    covered_by: frozenset[str] = frozenset()
    heard: str | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    asked_anew: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RiskState:
    """What is kept in mind of a person: until when each level holds, and when to ask after them.

    `check_in_at` is None where the person is not to be asked, or was asked already.
    `pending_question` is what the bot asked last, if that was not in an answer; for a turn, what
    it asked before the messages of the turn. `region` is whose hotlines the person chose.
    `ends_before` are those of `ends` that were known before the messages of a turn, where it was
    asked for one. `talk` is what the person was asked in their private chat, where that was asked
    for.
    """

    ends: Mapping[int, datetime]
    check_in_at: datetime | None = None
    pending_question: PendingQuestion | None = None
    region: str | None = None
    ends_before: Mapping[int, datetime] = field(default_factory=dict)
    talk: StoredTalk = field(default_factory=StoredTalk)


class Risk:
    """Levels of danger and check-ins, by person. Each method is one transaction."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def for_user(self, user_id: int) -> RiskState:
        """What is kept in mind of a person; the caller asks which level holds now."""
        return await self._database.read(select_for_user, user_id)

    async def for_chat(self, person: PersonInChat) -> RiskState:
        """What counts of a person in a chat; in a group only what was said there."""
        return await self._database.read(_read_in_chat, person)

    async def for_turn(self, person: PersonInChat, turn_id: int) -> RiskState:
        """What counts in the chat of a turn, and what was before its messages."""
        return await self._database.read(_read_in_chat, person, turn_id, self._clock())

    async def for_people(self, people: Collection[PersonInChat]) -> dict[PersonInChat, RiskState]:
        """The levels of people and what they were asked; nothing of those who have no level."""
        return await self._database.read(_read_for_people, tuple(people), self._clock())

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

    async def postpone_check_in(self, user_id: int, due_at: datetime) -> None:
        """Move a check-in that is still to come: the person has written."""
        await self._database.write(_postpone_check_in, user_id, due_at)

    async def claim_check_ins(self, limit: int) -> list[tuple[int, str | None]]:
        """People to ask after now and the language of their Telegram; each is given out once.

        Not among them: who blocked the bot, wants no check-ins, or is no longer at high.
        """
        return await self._database.write(_claim_check_ins, self._clock(), limit)

    async def release_check_in(self, user_id: int, due_at: datetime) -> None:
        """Note that a check-in could not be delivered and is to be tried again."""
        await self._database.write(_release_check_in, user_id, due_at)

    async def purge(self) -> None:
        """Forget the danger that is over."""
        await self._database.write(_purge, self._clock())


def record(connection: sa.Connection, signal: RiskSignal, now: datetime) -> None:
    """Keep a level, and those below it, in mind for longer; never for shorter."""
    if signal.check_in_at is not None and signal.level >= CARD_FROM:
        _expect_check_in(connection, signal.user_id, signal.check_in_at, now)
    if signal.level >= CARD_FROM:
        crisis_talks.forget(connection, signal.user_id, signal.asked_anew)
        crisis_talks.note_danger(connection, signal.user_id, signal.danger, signal.answers, now)
    for level, until in signal.ends.items():
        statement = insert(connection, RiskRow).values(
            user_id=signal.user_id,
            chat_id=signal.chat_id,
            level=int(level),
            raised_at=now,
            until=until,
        )
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["user_id", "chat_id", "level"],
                set_={"raised_at": now, "until": statement.excluded.until},
                where=RiskRow.until < statement.excluded.until,
            )
        )


def select_for_user(connection: sa.Connection, user_id: int) -> RiskState:
    """What is stored about a person, wherever it was told, ended or not."""
    return _read_in_chat(connection, (user_id, user_id))


def _read_in_chat(
    connection: sa.Connection,
    person: PersonInChat,
    turn_id: int | None = None,
    now: datetime | None = None,
) -> RiskState:
    user_id, chat_id = person
    region = connection.scalar(sa.select(UserRow.region).where(UserRow.id == user_id))
    levels = connection.execute(
        sa.select(RiskRow.level, RiskRow.until, RiskRow.raised_at)
        .where(_counts_in(person))
        .order_by(RiskRow.until)  # of two chats' the later one is kept
    ).all()
    if not levels:
        return RiskState({}, region=region)
    due_at = connection.scalar(sa.select(CheckInRow.due_at).where(CheckInRow.user_id == user_id))
    talk = StoredTalk()
    if now is not None and user_id == chat_id:
        talk = crisis_talks.select_for_people(connection, [user_id], now).get(user_id, talk)
    said_at = None
    if turn_id is not None:
        said_at = connection.scalar(
            sa.select(sa.func.min(UpdateRow.received_at)).where(UpdateRow.turn_id == turn_id)
        )
    return RiskState(
        ends={row.level: row.until for row in levels},
        check_in_at=due_at,
        pending_question=_pending_questions(connection, [person], said_at).get(person),
        region=region,
        talk=talk,
        ends_before={
            row.level: row.until
            for row in levels
            if turn_id is not None and (said_at is None or row.raised_at < said_at)
        },
    )


def _counts_in(person: PersonInChat) -> sa.ColumnElement[bool]:
    """Which rows count for a person in a chat."""
    user_id, chat_id = person
    of_person = RiskRow.user_id == user_id
    return of_person if chat_id == user_id else sa.and_(of_person, RiskRow.chat_id == chat_id)


def _read_for_people(
    connection: sa.Connection, people: tuple[PersonInChat, ...], now: datetime
) -> dict[PersonInChat, RiskState]:
    rows = connection.execute(
        sa.select(RiskRow.user_id, RiskRow.chat_id, RiskRow.level, RiskRow.until)
        .where(RiskRow.user_id.in_({user_id for user_id, _ in people}))
        .order_by(RiskRow.until)
    ).all()
    if not rows:
        return {}  # most messages of most people: nothing more is asked
    asked = _pending_questions(connection, people)
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
            found[person] = RiskState(ends, pending_question=asked.get(person), talk=talk)
    return found


def _pending_questions(
    connection: sa.Connection,
    people: Collection[PersonInChat],
    before: datetime | None = None,
) -> dict[PersonInChat, PendingQuestion]:
    """What people were asked in a chat, where the bot has given them no answer there since.

    Whatever raises a person so far shows a card, or the hotlines, which ask in the same way. Only
    what was asked `before` a moment counts, if one is given: a card is no question to the words
    that brought it.
    """
    answered_at = (
        sa.select(sa.func.max(TurnRow.answered_at))
        .where(
            TurnRow.user_id == RiskRow.user_id,
            TurnRow.chat_id == RiskRow.chat_id,
            TurnRow.answer.is_not(None),
        )
        .scalar_subquery()
    )
    # A level that is seen again is raised anew: only the cards know that one was shown earlier.
    card_at = (
        sa.select(sa.func.max(CrisisCardRow.created_at))
        .where(
            CrisisCardRow.user_id == RiskRow.user_id,
            CrisisCardRow.chat_id == RiskRow.chat_id,
            CrisisCardRow.state != "refused",
            _is_before(CrisisCardRow.created_at, before),
        )
        .scalar_subquery()
    )
    raised_at = sa.case((_is_before(RiskRow.raised_at, before), RiskRow.raised_at))
    rows = connection.execute(
        sa.select(
            RiskRow.user_id,
            RiskRow.chat_id,
            sa.func.max(raised_at).label("raised_at"),
            card_at.label("card_at"),
            CheckInRow.sent_at,
            answered_at.label("answered_at"),
        )
        .outerjoin(
            CheckInRow,
            # A check-in is sent in private.
            sa.and_(
                CheckInRow.user_id == RiskRow.user_id,
                RiskRow.chat_id == RiskRow.user_id,
                _is_before(CheckInRow.sent_at, before),
            ),
        )
        .where(
            RiskRow.user_id.in_({user_id for user_id, _ in people}),
            RiskRow.chat_id.in_({chat_id for _, chat_id in people}),
            RiskRow.level >= CARD_FROM,
        )
        .group_by(RiskRow.user_id, RiskRow.chat_id, CheckInRow.sent_at)
    )
    asked: dict[PersonInChat, PendingQuestion] = {}
    for row in rows:
        shown_at = max((at for at in (row.raised_at, row.card_at) if at is not None), default=None)
        at = max((at for at in (shown_at, row.sent_at) if at is not None), default=None)
        if at is not None and (row.answered_at is None or row.answered_at < at):
            asked[row.user_id, row.chat_id] = "safe" if at == shown_at else "check_in"
    return asked


def _is_before(
    column: sa.ColumnElement[datetime] | InstrumentedAttribute[datetime | None],
    moment: datetime | None,
) -> sa.ColumnElement[bool]:
    return sa.true() if moment is None else column < moment


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
        connection.execute(
            sa.update(CheckInRow).where(CheckInRow.user_id == user_id).values(due_at=None)
        )


def _postpone_check_in(connection: sa.Connection, user_id: int, due_at: datetime) -> None:
    connection.execute(
        sa.update(CheckInRow)
        .where(CheckInRow.user_id == user_id, CheckInRow.due_at.is_not(None))
        .values(due_at=due_at)
    )


def _claim_check_ins(
    connection: sa.Connection, now: datetime, limit: int
) -> list[tuple[int, str | None]]:
    rows = connection.execute(
        sa.select(CheckInRow.user_id, UserRow.language_code)
        .join(UserRow, UserRow.id == CheckInRow.user_id)
        .where(
            CheckInRow.due_at <= now,
            UserRow.unreachable_at.is_(None),
            UserRow.check_ins_off_at.is_(None),
            _in_danger(CheckInRow.user_id, now),
        )
        .order_by(CheckInRow.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True, of=CheckInRow)
    ).all()
    claimed = [row.user_id for row in rows]
    connection.execute(
        sa.update(CheckInRow)
        .where(CheckInRow.user_id.in_(claimed))
        .values(due_at=None, sent_at=now)
    )
    return [(row.user_id, row.language_code) for row in rows]


def _release_check_in(connection: sa.Connection, user_id: int, due_at: datetime) -> None:
    connection.execute(
        sa.update(CheckInRow)
        .where(CheckInRow.user_id == user_id)
        .values(due_at=due_at, sent_at=None)
    )


def _purge(connection: sa.Connection, now: datetime) -> None:
    connection.execute(sa.delete(RiskRow).where(RiskRow.until <= now))
    connection.execute(sa.delete(CheckInRow).where(~_in_danger(CheckInRow.user_id, now)))


def erase_for_user(connection: sa.Connection, user_id: int) -> None:
    """Forget a person."""
    connection.execute(sa.delete(RiskRow).where(RiskRow.user_id == user_id))
    connection.execute(sa.delete(CheckInRow).where(CheckInRow.user_id == user_id))


def _expect_check_in(
    connection: sa.Connection, user_id: int, due_at: datetime, now: datetime
) -> None:
    """Plan one check-in for an episode; an episode lasts as long as the person is at high."""
    statement = insert(connection, CheckInRow).values(user_id=user_id, due_at=due_at)
    goes_on = connection.scalar(sa.select(_in_danger(sa.literal(user_id), now)))
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["user_id"],
            set_={"due_at": due_at, "sent_at": None},
            where=CheckInRow.sent_at.is_(None) if goes_on else None,
        )
    )


def _in_danger(user_id: sa.SQLColumnExpression[int], now: datetime) -> sa.ColumnElement[bool]:
    return sa.exists().where(
        RiskRow.user_id == user_id, RiskRow.level >= CARD_FROM, RiskRow.until > now
    )
