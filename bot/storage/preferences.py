"""How people want to be spoken to, and when not: one row a person, of those who chose anything.

The chosen languages are at hand without asking, because a card must not wait for a database. Each
process reads them when it starts, and what others changed now and then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, TypedDict, Unpack

import sqlalchemy as sa

from bot.storage.db.dialect import insert
from bot.storage.disclosures import Disclosure
from bot.storage.models import DisclosureRow, PreferenceRow

if TYPE_CHECKING:
    from bot.storage.db.clock import Clock
    from bot.storage.db.database import Database
    from bot.storage.models import Manner

ALL_AGAIN_AFTER: Final = timedelta(hours=1)
"""Languages of people whom another replica erased are forgotten so often."""
NEVER: Final = datetime.min.replace(tzinfo=UTC)
OVERLAP: Final = timedelta(minutes=1)
"""What was changed shortly before a look may have been written shortly after it."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a person chose; None where they chose nothing.

    `quiet_from` and `quiet_until` are hours of the day, in `time_zone`, an IANA name: nothing is
    said unasked between them. `manner` is whether they want to be listened to or advised more.
    """

    language: str | None = None
    manner: Manner | None = None
    is_brief: bool = False
    quiet_from: int | None = None
    quiet_until: int | None = None
    time_zone: str | None = None


class PreferenceChange(TypedDict, total=False):
    """Fields of `Preferences` that are to change."""

    language: str | None
    manner: Manner | None
    is_brief: bool
    quiet_from: int | None
    quiet_until: int | None
    time_zone: str | None


class ChosenPreferences:
    """The preferences of all people. Each method is at most one transaction."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._languages: dict[int, str] = {}
        self._all_read_at = self._read_at = NEVER

    async def for_user(self, user_id: int) -> Preferences:
        """What a person chose."""
        return await self._database.read(select_for_user, user_id) or Preferences()

    async def change(self, user_id: int, **values: Unpack[PreferenceChange]) -> None:
        """Remember what a person chose now; the rest stays."""
        await self._database.write(_change, user_id, values, self._clock())
        if "language" in values:
            self._keep_language(user_id, values["language"])

    async def read_with_disclosure(self, user_id: int) -> tuple[Disclosure, Preferences]:
        """What a person was told and chose, in one statement: every turn asks for it."""
        return await self._database.read(select_with_disclosure, user_id)

    def language(self, user_id: int) -> str | None:
        """The language a person chose, as far as it is at hand; None: the one of their Telegram."""
        return self._languages.get(user_id)

    def forget_language(self, user_id: int) -> None:
        """Forget the copy at hand of a person who was erased."""
        self._languages.pop(user_id, None)

    async def refresh_languages(self) -> None:
        """Read the languages that were chosen since the last look, in any process."""
        now = self._clock()
        reads_all = now - self._all_read_at > ALL_AGAIN_AFTER
        since = None if reads_all else self._read_at - OVERLAP
        found = await self._database.read(_select_languages, since)
        if reads_all:
            self._languages, self._all_read_at = {}, now
        for user_id, language in found:
            self._keep_language(user_id, language)
        self._read_at = now

    def _keep_language(self, user_id: int, language: str | None) -> None:
        if language is None:
            self._languages.pop(user_id, None)
        else:
            self._languages[user_id] = language


_CHOSEN: Final = (
    PreferenceRow.language,
    PreferenceRow.manner,
    PreferenceRow.is_brief,
    PreferenceRow.quiet_from,
    PreferenceRow.quiet_until,
    PreferenceRow.time_zone,
)
_TOLD: Final = tuple(getattr(DisclosureRow, name) for name in Disclosure.__dataclass_fields__)


def select_for_user(connection: sa.Connection, user_id: int) -> Preferences | None:
    """What a person chose, if anything."""
    row = connection.execute(
        sa.select(*_CHOSEN).where(PreferenceRow.user_id == user_id)
    ).one_or_none()
    return None if row is None else Preferences(*row)


def erase_for_user(connection: sa.Connection, user_id: int) -> None:
    """Forget what a person chose."""
    connection.execute(sa.delete(PreferenceRow).where(PreferenceRow.user_id == user_id))


def select_with_disclosure(
    connection: sa.Connection, user_id: int
) -> tuple[Disclosure, Preferences]:
    """What a person was told and chose."""
    person = sa.select(sa.literal(user_id).label("id")).subquery()
    row = connection.execute(
        sa.select(DisclosureRow.user_id, PreferenceRow.user_id, *_TOLD, *_CHOSEN)
        .select_from(person)
        .outerjoin(DisclosureRow, DisclosureRow.user_id == person.c.id)
        .outerjoin(PreferenceRow, PreferenceRow.user_id == person.c.id)
    ).one()
    was_told, chose, *values = row
    told, chosen = values[: len(_TOLD)], values[len(_TOLD) :]
    return (
        Disclosure() if was_told is None else Disclosure(*told),
        Preferences() if chose is None else Preferences(*chosen),
    )


def _change(
    connection: sa.Connection, user_id: int, values: PreferenceChange, now: datetime
) -> None:
    changed = {**values, "changed_at": now}
    statement = insert(connection, PreferenceRow).values(
        {"user_id": user_id, "is_brief": False, **changed}
    )
    connection.execute(statement.on_conflict_do_update(index_elements=["user_id"], set_=changed))


def _select_languages(
    connection: sa.Connection, since: datetime | None
) -> list[tuple[int, str | None]]:
    statement = sa.select(PreferenceRow.user_id, PreferenceRow.language)
    if since is None:
        statement = statement.where(PreferenceRow.language.is_not(None))
    else:
        statement = statement.where(PreferenceRow.changed_at >= since)
    return [(row.user_id, row.language) for row in connection.execute(statement)]
