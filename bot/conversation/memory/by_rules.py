"""Facts found by patterns, where no model can be asked: names, people, dates, ways of speaking.

They read only what is said plainly; what they miss is not remembered.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from bot.safety.normalize import simplified
from bot.storage import MemoryFact, MemoryKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_CLAUSE = re.compile(r"[，。！？；、,.!?;\n…~～]+|\.{2,}")


@dataclass(frozen=True, slots=True)
class _Patterns:
    """The patterns of by_rules.toml."""

    called: tuple[re.Pattern[str], ...]
    no_name: re.Pattern[str]
    people: tuple[re.Pattern[str], ...]
    event: re.Pattern[str]
    manners: Mapping[str, re.Pattern[str]]
    of_another: re.Pattern[str]


def facts_in(text: str, day: date) -> Iterator[MemoryFact]:
    """What a person tells of themselves in a message that they wrote on a day."""
    for clause in filter(None, map(str.strip, _CLAUSE.split(simplified(text)))):
        yield from _names(clause)
        yield from _people(clause)
        if (event := _event(clause, day)) is not None:
            yield event
        if not _patterns().of_another.search(clause):
            for manner, pattern in _patterns().manners.items():
                if pattern.search(clause):
                    yield MemoryFact(MemoryKind.MANNER, manner)


def _names(clause: str) -> Iterator[MemoryFact]:
    for pattern in _patterns().called:
        found = pattern.search(clause)
        if found is not None and not _patterns().no_name.search(found["name"]):
            yield MemoryFact(MemoryKind.NAME, found["name"].strip())
            return


def _people(clause: str) -> Iterator[MemoryFact]:
    for pattern in _patterns().people:
        for found in pattern.finditer(clause):
            if not _patterns().no_name.search(found["name"]):
                yield MemoryFact(MemoryKind.PERSON, found["name"], found["note"])


def _event(clause: str, day: date) -> MemoryFact | None:
    """What happens or happened on a day that the clause names."""
    if not _patterns().event.search(clause):
        return None
    named = day_in(clause, day)
    if named is None:
        return None
    on, words = named
    # "Yesterday" is not yesterday for long.
    return MemoryFact(MemoryKind.EVENT, clause.replace(words, "", 1).strip(), on=on)


_WEEKDAYS = "一二三四五六日"
_NEAR = {
    "大后天": 3, "后天": 2, "明天": 1, "明晚": 1, "今天": 0, "今晚": 0, "昨天": -1, "昨晚": -1,
    "大前天": -3, "前天": -2, "tomorrow": 1, "today": 0, "yesterday": -1,
}  # fmt: skip


def day_in(clause: str, day: date) -> tuple[date, str] | None:
    """The day that a clause names, and in which words; without a year, the one nearest to `day`."""
    numbers = re.search(r"(?:(\d{4})年)?(\d{1,2})月(\d{1,2})[日号]?", clause)
    if numbers is not None:
        nearest = _nearest(numbers[1], int(numbers[2]), int(numbers[3]), day)
        return None if nearest is None else (nearest, numbers[0])
    for words in sorted(_NEAR, key=len, reverse=True):
        if (found := re.search(words, clause, re.IGNORECASE)) is not None:
            return day + timedelta(days=_NEAR[words]), found[0]
    week = re.search(rf"(上|下|这|本)?个?(?:周|星期|礼拜)([{_WEEKDAYS}天])", clause)
    if week is None:
        return None
    monday = day - timedelta(days=day.weekday())
    shift = {"上": -7, "下": 7}.get(week[1] or "", 0)
    on = monday + timedelta(days=shift + _WEEKDAYS.index(week[2].replace("天", "日")))
    return on, week[0]


def _nearest(year: str | None, month: int, number: int, day: date) -> date | None:
    years = [int(year)] if year else [day.year - 1, day.year, day.year + 1]
    dates = []
    for one in years:
        try:
            dates.append(date(one, month, number))
        except ValueError:
            continue
    return min(dates, key=lambda found: abs(found - day), default=None)


@cache
def _patterns() -> _Patterns:
    file = resources.files("bot.conversation.memory").joinpath("by_rules.toml")
    read = tomllib.loads(file.read_text("utf-8"))
    parts = read["parts"]

    def compiled(pattern: str) -> re.Pattern[str]:
        for name, part in parts.items():
            pattern = pattern.replace(f"<{name}>", part)
        return re.compile(pattern, re.IGNORECASE)

    return _Patterns(
        called=tuple(map(compiled, read["called"])),
        no_name=compiled("|".join(read["no_name"])),
        people=tuple(map(compiled, read["people"])),
        event=compiled("|".join(read["event"])),
        manners={key: compiled("|".join(ways)) for key, ways in read["manners"].items()},
        of_another=compiled(read["of_another"]),
    )
