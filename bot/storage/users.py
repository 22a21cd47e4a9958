"""People: which language they read, whether they can be reached, and their right to their data."""

from __future__ import annotations

from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeVar

import sqlalchemy as sa
import structlog

from bot.storage import (
    access,
    asked_lines,
    breathings,
    broadcasts,
    cards,
    check_ins,
    complaints,
    contacts,
    crisis_talks,
    disclosures,
    exercises,
    feedback,
    handover_messages,
    handovers,
    limits,
    memories,
    preferences,
    risk,
    safety_plans,
    trusted_persons,
)
from bot.storage.db.dialect import insert, lock_chat
from bot.storage.db.errors import StorageError, WrongKey
from bot.storage.models import ConversationRow, TurnRow, UpdateRow, UserRow
from bot.storage.turns import versions
from bot.storage.turns.turn import decrypt_turn
from bot.storage.turns.turn import select_for_user as select_turns_for_user

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from bot.storage.cards import ExportedCard
    from bot.storage.complaints import Complaint
    from bot.storage.contacts import EmergencyContact
    from bot.storage.crisis_talks import ExportedQuestion
    from bot.storage.db.clock import Clock
    from bot.storage.db.database import Database
    from bot.storage.db.dialect import AnyRow
    from bot.storage.db.encryption import Cipher
    from bot.storage.disclosures import Disclosure
    from bot.storage.exercises import ExerciseSheet
    from bot.storage.feedback import RatedAnswer
    from bot.storage.handover_messages import HandoverMessage
    from bot.storage.memories import MemoryLine
    from bot.storage.models import ConsentState
    from bot.storage.preferences import Preferences
    from bot.storage.risk import RiskState
    from bot.storage.safety_plans import PlanStep
    from bot.storage.trusted_persons import TrustedPerson
    from bot.storage.turns.turn import Turn
    from bot.storage.turns.versions import AnswerVersion

log = structlog.get_logger(__name__)
Read = TypeVar("Read")

SEEN_EVERY: Final = timedelta(hours=1)
TURNS_AT_ONCE: Final = 200
_REMEMBERED: Final = 4096


@dataclass(frozen=True, slots=True)
class User:
    """A person. `unreachable_at` is set while Telegram refuses our messages to them.

    `region` is whose hotlines they chose, `check_ins_off_at` since when they want no check-ins.
    """

    id: int
    language_code: str | None
    created_at: datetime
    last_seen_at: datetime
    unreachable_at: datetime | None
    region: str | None = None
    check_ins_off_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class UserExport:
    """Everything stored about a person: turns in the order they were said."""

    user: User | None
    disclosure: Disclosure | None
    turns: tuple[Turn, ...]
    risk: RiskState
    cards: tuple[ExportedCard, ...]
    questions: tuple[ExportedQuestion, ...] = ()
    from_humans: tuple[HandoverMessage, ...] = ()
    contact: EmergencyContact | None = None
    ratings: tuple[RatedAnswer, ...] = ()
    consent: ConsentState | None = None
    plan: tuple[tuple[PlanStep, str], ...] = ()
    """The lines of their safety plan."""
    remembered: tuple[MemoryLine, ...] = ()
    versions: tuple[AnswerVersion, ...] = ()
    trusts: TrustedPerson | None = None
    trusted_by: tuple[TrustedPerson, ...] = ()
    complaints: tuple[Complaint, ...] = ()
    preferences: Preferences | None = None
    sheets: tuple[ExerciseSheet, ...] = ()
    """The exercises they wrote down."""


class Users:
    """The people who wrote to the bot. Each method is at most one transaction."""

    def __init__(self, database: Database, cipher: Cipher, clock: Clock) -> None:
        self._database = database
        self._cipher = cipher
        self._clock = clock
        self._seen: OrderedDict[int, tuple[str | None, datetime]] = OrderedDict()
        self._log_holds_erased = False

    async def record_seen(
        self, user_id: int, language_code: str | None, *, admits: bool = True
    ) -> None:
        """Note that a person wrote, so can be reached; written at most once an hour or on change.

        `language_code` is what their Telegram says. `admits`: whether who writes is let in by that,
        as where the bot is open to everybody.
        """
        now = self._clock()
        known = self._seen.get(user_id)
        if known is not None:
            language, at = known
            if language == language_code and abs(now - at) < SEEN_EVERY:
                return
        await self._database.write(_seen, user_id, language_code, now, admits)
        self._seen[user_id] = (language_code, now)
        self._seen.move_to_end(user_id)
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)

    async def language_code(self, user_id: int) -> str | None:
        """What a person's Telegram said last; asked for at every turn, so it is remembered."""
        known = self._seen.get(user_id)
        if known is not None:
            return known[0]
        user = await self.get(user_id)
        return user.language_code if user is not None else None

    async def get(self, user_id: int) -> User | None:
        """What is stored about a person."""
        return await self._database.read(_user, user_id)

    async def set_region(self, user_id: int, region: str | None) -> None:
        """Remember whose hotlines a person wants to see; None: those of their language."""
        await self._database.write(_choose, user_id, {"region": region}, self._clock())

    async def disable_check_ins(self, user_id: int) -> None:
        """Remember that a person does not want to be asked after."""
        now = self._clock()
        await self._database.write(_choose, user_id, {"check_ins_off_at": now}, now)

    async def enable_check_ins(self, user_id: int) -> None:
        """Remember that a person may be asked after again."""
        await self._database.write(_set, user_id, {"check_ins_off_at": None})

    async def mark_unreachable(self, user_id: int) -> None:
        """Note that a person blocked the bot or left Telegram."""
        self._seen.pop(user_id, None)
        await self._database.write(_set, user_id, {"unreachable_at": self._clock()})

    async def mark_reachable(self, user_id: int) -> None:
        """Note that a person can be written to again."""
        await self._database.write(_set, user_id, {"unreachable_at": None})

    async def export(self, user_id: int, *, with_turns: bool = True) -> UserExport:
        """Everything stored about a person: the row and all of their turns, in every chat.

        What no key decrypts is left out: one damaged row must not keep them from the rest.
        `with_turns`: turns can be more than memory has room for, `turns_of` reads them in parts.
        """
        found = await self._database.read(_export, user_id, with_turns)
        (
            user,
            disclosure,
            rows,
            risk,
            cards,
            questions,
            messages,
            contact,
            ratings,
            consent,
            lines,
            remembered,
            other_versions,
            trusts,
            trusted_by,
            complained,
            chosen,
            sheets,
        ) = found
        return UserExport(
            user=user,
            disclosure=disclosure,
            turns=_readable(rows, lambda row: decrypt_turn(row, self._cipher)),
            risk=risk,
            cards=cards,
            questions=questions,
            contact=_readable_one(
                contact, lambda row: contacts.decrypt_contact(row, user_id, self._cipher)
            ),
            from_humans=_readable(
                messages, lambda row: handover_messages.decrypt_message(row, user_id, self._cipher)
            ),
            ratings=_readable(ratings, lambda row: feedback.decrypt_rating(row, self._cipher)),
            consent=consent,
            plan=_readable(
                lines, lambda row: safety_plans.decrypt_line(row, user_id, self._cipher)
            ),
            remembered=_readable(
                remembered, lambda row: memories.decrypt_line(row, user_id, self._cipher)
            ),
            versions=_readable(
                other_versions, lambda row: versions.decrypt_version(row, self._cipher)
            ),
            trusts=_readable_one(
                trusts, lambda row: trusted_persons.decrypt_trusted(row, self._cipher)
            ),
            trusted_by=_readable(
                trusted_by, lambda row: trusted_persons.decrypt_trusted(row, self._cipher)
            ),
            complaints=_readable(
                complained, lambda row: complaints.decrypt_complaint(row, self._cipher)
            ),
            preferences=chosen,
            sheets=tuple(exercises.decrypt_sheets(sheets, user_id, self._cipher)),
        )

    async def turns_of(self, user_id: int) -> AsyncGenerator[tuple[Turn, ...], None]:
        """All turns of a person that can be read, in the order they were said, in parts."""
        after = 0
        while rows := await self._database.read(
            select_turns_for_user, user_id, after, TURNS_AT_ONCE
        ):
            after = rows[-1].id
            yield _readable(rows, lambda row: decrypt_turn(row, self._cipher))

    async def erase(self, user_id: int) -> int:
        """Delete everything stored about a person; how many turns that were.

        Their turns go, in every chat; so does all that waits in their private chat. The caller
        forgets the copy of recent turns too. Bytes that the database's log still holds are owed to
        `finish_erasures`.
        """
        self._seen.pop(user_id, None)
        erased = await self._database.write(_erase, user_id)
        self._log_holds_erased = True
        with suppress(StorageError):
            await self.finish_erasures()
        return erased

    async def finish_erasures(self) -> None:
        """Cut off a log that holds what was erased, if one does; a start does so too.

        Raises StorageError: it still does.
        """
        if self._log_holds_erased and await self._database.truncate_log():
            self._log_holds_erased = False


def _readable_one(row: AnyRow | None, decrypt: Callable[[AnyRow], Read]) -> Read | None:
    return next(iter(_readable(() if row is None else (row,), decrypt)), None)


def _readable(rows: Sequence[AnyRow], decrypt: Callable[[AnyRow], Read]) -> tuple[Read, ...]:
    read = []
    for row in rows:
        try:
            read.append(decrypt(row))
        except WrongKey:
            log.error("row_left_out_of_export")
    return tuple(read)


def _seen(
    connection: sa.Connection,
    user_id: int,
    language_code: str | None,
    now: datetime,
    admits: bool,
) -> None:
    seen = {"language_code": language_code, "last_seen_at": now, "retention_told_at": None}
    admitted = {"admitted_at": now} if admits else {}
    at = sa.literal(now, UserRow.admitted_at.type)
    kept = {"admitted_at": sa.func.coalesce(UserRow.admitted_at, at)} if admits else {}
    statement = insert(connection, UserRow).values(id=user_id, created_at=now, **seen, **admitted)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["id"], set_={**seen, "unreachable_at": None, **kept}
        )
    )


def _user(connection: sa.Connection, user_id: int) -> User | None:
    row = connection.execute(
        sa.select(
            UserRow.id,
            UserRow.language_code,
            UserRow.created_at,
            UserRow.last_seen_at,
            UserRow.unreachable_at,
            UserRow.region,
            UserRow.check_ins_off_at,
        ).where(UserRow.id == user_id)
    ).one_or_none()
    return None if row is None else User(*row)


def _set(connection: sa.Connection, user_id: int, values: dict[str, object]) -> None:
    connection.execute(sa.update(UserRow).where(UserRow.id == user_id).values(values))


def _choose(
    connection: sa.Connection, user_id: int, values: dict[str, object], now: datetime
) -> None:
    """Write what a person chose, known or not: a button outlives /erase."""
    statement = insert(connection, UserRow).values(
        id=user_id, created_at=now, last_seen_at=now, **values
    )
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))


def _export(
    connection: sa.Connection, user_id: int, with_turns: bool
) -> tuple[
    User | None,
    Disclosure | None,
    Sequence[AnyRow],
    RiskState,
    tuple[ExportedCard, ...],
    tuple[ExportedQuestion, ...],
    Sequence[AnyRow],
    AnyRow | None,
    Sequence[AnyRow],
    ConsentState | None,
    Sequence[AnyRow],
    Sequence[AnyRow],
    Sequence[AnyRow],
    AnyRow | None,
    Sequence[AnyRow],
    Sequence[AnyRow],
    Preferences | None,
    Sequence[AnyRow],
]:
    return (
        _user(connection, user_id),
        disclosures.select_for_user(connection, user_id),
        select_turns_for_user(connection, user_id) if with_turns else (),
        risk.select_for_user(connection, user_id),
        cards.select_for_user(connection, user_id),
        crisis_talks.select_for_user(connection, user_id),
        handover_messages.select_for_user(connection, user_id),
        contacts.select_for_user(connection, user_id),
        feedback.select_for_user(connection, user_id),
        feedback.select_consent_for_user(connection, user_id),
        safety_plans.select_for_user(connection, user_id),
        memories.select_for_user(connection, user_id),
        versions.select_for_user(connection, user_id),
        trusted_persons.select_for_user(connection, user_id),
        trusted_persons.select_for_trusted(connection, user_id),
        complaints.select_for_user(connection, user_id),
        preferences.select_for_user(connection, user_id),
        exercises.select_for_user(connection, user_id),
    )


def _erase(connection: sa.Connection, user_id: int) -> int:
    # A private chat has its person's id.
    lock_chat(connection, user_id, wait=True)
    their_turns = sa.select(TurnRow.id).where(TurnRow.user_id == user_id)
    connection.execute(
        sa.delete(UpdateRow).where(
            sa.or_(UpdateRow.chat_id == user_id, UpdateRow.turn_id.in_(their_turns))
        )
    )
    theirs = sa.select(TurnRow.conversation_id).where(TurnRow.user_id == user_id)
    # Copies of a group's history still hold what this person said there: a new revision makes
    # them misses.
    connection.execute(
        sa.update(ConversationRow)
        .where(ConversationRow.id.in_(theirs))
        .values(revision=ConversationRow.revision + 1)
    )
    feedback.erase_for_user(connection, user_id)
    versions.erase_for_user(connection, user_id)
    limits.erase_for_user(connection, user_id)
    erased = connection.execute(sa.delete(TurnRow).where(TurnRow.user_id == user_id)).rowcount
    connection.execute(sa.delete(ConversationRow).where(ConversationRow.chat_id == user_id))
    handovers.erase_for_user(connection, user_id)
    contacts.erase_for_user(connection, user_id)
    memories.erase_for_user(connection, user_id)
    safety_plans.erase_for_user(connection, user_id)
    asked_lines.erase_for_user(connection, user_id)
    exercises.erase_for_user(connection, user_id)
    breathings.erase_for_user(connection, user_id)
    trusted_persons.erase_for_user(connection, user_id)
    disclosures.erase_for_user(connection, user_id)
    preferences.erase_for_user(connection, user_id)
    cards.erase_for_user(connection, user_id)
    crisis_talks.erase_for_user(connection, user_id)
    check_ins.erase_for_user(connection, user_id)
    risk.erase_for_user(connection, user_id)
    access.erase_for_user(connection, user_id)
    broadcasts.erase_for_user(connection, user_id)
    complaints.erase_for_user(connection, user_id)
    connection.execute(sa.delete(UserRow).where(UserRow.id == user_id))
    return erased
