"""What each person has been told and asked about the bot, and how long they have been writing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.storage.db.dialect import insert
from bot.storage.models import DisclosureRow

if TYPE_CHECKING:
    from datetime import datetime

    from bot.storage.db.clock import Clock
    from bot.storage.db.database import Database
    from bot.storage.models import Age

_ANSWERS = {"age", "guardian_agreed_at", "home_unsafe_at"}


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What a person was told and asked, what they answered, and since when they have been writing.

    `told_at` is when they were last told that this is an AI, `told_briefly` that they have not read
    the whole of it yet; `asked` counts the questions about
    age, the last of them at `asked_at`; `break_at` is when a break was last suggested, `leaning_at`
    when they were last reminded of people; at `elderly_at` they were spoken to as somebody old,
    which they had said. They have written on `days_in_row` days, and for `used_today` seconds of
    the last one. At `home_unsafe_at` they said that their home is not safe.
    """

    age: Age | None = None
    guardian_agreed_at: datetime | None = None
    told_at: datetime | None = None
    asked_at: datetime | None = None
    asked: int = 0
    session_began_at: datetime | None = None
    last_wrote_at: datetime | None = None
    break_at: datetime | None = None
    home_unsafe_at: datetime | None = None
    leaning_at: datetime | None = None
    elderly_at: datetime | None = None
    days_in_row: int = 0
    used_today: int = 0
    told_briefly: bool = False

    @property
    def is_minor(self) -> bool:
        """Whether the person said they are under 18."""
        return self.age in {"minor", "teen", "child"}


class Disclosures:
    """What was disclosed to whom. Each method is one transaction."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def for_user(self, user_id: int) -> Disclosure:
        """What is known; of a new person, nothing."""
        return await self._database.read(select_for_user, user_id) or Disclosure()

    async def count_by_age(self) -> dict[str | None, int]:
        """How many people have answered each age; None counts who has not answered."""
        return await self._database.read(_count_by_age)

    async def record(self, user_id: int, disclosure: Disclosure) -> None:
        """Store the times; what the person answered has its own methods and is left as it is."""
        times = {key: value for key, value in asdict(disclosure).items() if key not in _ANSWERS}
        await self._database.write(_put, user_id, times)

    async def set_age(self, user_id: int, age: Age) -> None:
        """Remember how old a person says they are."""
        await self._database.write(_put, user_id, {"age": age})

    async def record_guardian_consent(self, user_id: int) -> None:
        """Remember that, by what the child says, a guardian agrees."""
        await self._database.write(_put, user_id, {"guardian_agreed_at": self._clock()})

    async def record_unsafe_home(self, user_id: int) -> None:
        """Remember that those who would have to agree are those whom the child fears."""
        await self._database.write(_put, user_id, {"home_unsafe_at": self._clock()})

    async def is_minor(self, user_id: int) -> bool:
        """Whether a person said they are under 18."""
        return (await self.for_user(user_id)).is_minor

    async def is_adult(self, user_id: int) -> bool:
        """Whether a person said they are 18."""
        return (await self.for_user(user_id)).age == "adult"


def select_for_user(connection: sa.Connection, user_id: int) -> Disclosure | None:
    """What is stored about a person's disclosures, if anything."""
    row = connection.execute(
        sa.select(
            DisclosureRow.age,
            DisclosureRow.guardian_agreed_at,
            DisclosureRow.told_at,
            DisclosureRow.asked_at,
            DisclosureRow.asked,
            DisclosureRow.session_began_at,
            DisclosureRow.last_wrote_at,
            DisclosureRow.break_at,
            DisclosureRow.home_unsafe_at,
            DisclosureRow.leaning_at,
            DisclosureRow.elderly_at,
            DisclosureRow.days_in_row,
            DisclosureRow.used_today,
            DisclosureRow.told_briefly,
        ).where(DisclosureRow.user_id == user_id)
    ).one_or_none()
    return None if row is None else Disclosure(*row)


def erase_for_user(connection: sa.Connection, user_id: int) -> None:
    """Forget what a person was told and what they answered."""
    connection.execute(sa.delete(DisclosureRow).where(DisclosureRow.user_id == user_id))


def _put(connection: sa.Connection, user_id: int, values: dict[str, Any]) -> None:
    statement = insert(connection, DisclosureRow).values({"user_id": user_id, "asked": 0, **values})
    connection.execute(statement.on_conflict_do_update(index_elements=["user_id"], set_=values))


def _count_by_age(connection: sa.Connection) -> dict[str | None, int]:
    rows = connection.execute(
        sa.select(DisclosureRow.age, sa.func.count()).group_by(DisclosureRow.age)
    )
    return {age: int(people) for age, people in rows}
