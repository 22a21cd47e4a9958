"""What of a year can be said in numbers, without an id."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from bot.safety import all_hotlines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.safety.hotlines import Hotline
    from bot.storage import Counters, Disclosures

FEWEST_TOLD: Final = 5
"""Fewer people of an age than this could be told apart; they are reported as "fewer than"."""
AGES: Final = ("adult", "teen", "child", "minor")
"""As storage names them; "minor" has said nothing nearer than that they are under 18."""


@dataclass(frozen=True, slots=True)
class AgeCount:
    """How many people have said that they are of an age (None: have said nothing)."""

    age: str | None
    people: int

    @property
    def told(self) -> str:
        """The number as it may be published."""
        return str(self.people) if self.people >= FEWEST_TOLD else f"< {FEWEST_TOLD}"


@dataclass(frozen=True, slots=True)
class Month:
    """What was counted in one month (1 to 12), by name of the counter."""

    number: int
    counted: Mapping[str, int]

    def sum_of(self, *names: str) -> int:
        """How often all of these happened together."""
        return sum(self.counted.get(name, 0) for name in names)


@dataclass(frozen=True, slots=True)
class YearFacts:
    """A year as counters tell it, and what is known on the day of the report."""

    year: int
    made_on: date
    months: tuple[Month, ...]
    ages: tuple[AgeCount, ...]
    """As people have answered until now; who erased their data is not among them."""
    hotlines: tuple[Hotline, ...]

    @property
    def is_over(self) -> bool:
        """Whether nothing more of the year can come."""
        return self.made_on.year > self.year

    def sum_of(self, *names: str) -> int:
        """How often all of these happened in the year."""
        return sum(month.sum_of(*names) for month in self.months)

    def sum_like(self, prefix: str) -> dict[str, int]:
        """Each counter whose name begins with `prefix`, without it, in order of name."""
        names = {name for month in self.months for name in month.counted if name.startswith(prefix)}
        return {name.removeprefix(prefix): self.sum_of(name) for name in sorted(names)}

    @property
    def checked_in_year(self) -> tuple[Hotline, ...]:
        """The hotlines whose last check lies in the year."""
        return tuple(line for line in self.hotlines if line.verified_on.year == self.year)


async def gather(
    counters: Counters, disclosures: Disclosures, year: int, made_on: date
) -> YearFacts:
    """Ask storage for the year; raises `StorageError`."""
    months = []
    for number in range(1, 13):
        last = monthrange(year, number)[1]
        counted = await counters.totals(date(year, number, 1), date(year, number, last))
        months.append(Month(number, counted))
    ages = await disclosures.count_by_age()
    return YearFacts(
        year=year,
        made_on=made_on,
        months=tuple(months),
        ages=tuple(AgeCount(age, ages[age]) for age in (*AGES, None) if ages.get(age)),
        hotlines=all_hotlines(),
    )
