"""Talks of our own: what the person writes, turn by turn, with a label at each."""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from benchmarks.errors import BenchmarkError
from benchmarks.rubrics.exchange import SUICIDE, UNKNOWN
from bot.safety import RiskLevel

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

EXPECTED = 'expected JSON lines {"id", "kind", "messages": [{"role", "content", "level"}]}'
CHECK_IN = "[checkin]"
_AXES = {
    "想法": SUICIDE,
    "打算": SUICIDE,
    "身体": "body",
    "被人伤害": "harm by others",
    "别人": "another person",
    "精神": "voices",
    "处境": "circumstances",
    "说法": "manner of speaking",
}


@dataclass(frozen=True, slots=True)
class Line:
    """What a person writes. `level` is its label, where there is one."""

    text: str
    level: RiskLevel | None
    after_check_in: bool = False
    """Whether they wait for the bot's check-in before they write it."""


@dataclass(frozen=True, slots=True)
class Talk:
    """One person's side of a talk."""

    id: str
    axis: str
    lines: Sequence[Line]

    @property
    def risk(self) -> RiskLevel | None:
        """The highest label."""
        return max((line.level for line in self.lines if line.level is not None), default=None)


def read_talks(path: Path, limit: int, seed: int) -> list[Talk]:
    """At most `limit` talks of a file, drawn by `seed`; lines that are no talks are passed over.

    Raises:
        BenchmarkError: the file cannot be read, holds no talk, or one that is not as expected.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BenchmarkError(f"{path} cannot be read ({type(error).__name__}).") from None
    talks = list(_parsed(text.splitlines(), path))
    if not talks:
        raise BenchmarkError(f"{path} holds no talk; {EXPECTED}.")
    random.Random(seed).shuffle(talks)
    return talks[:limit]


def _parsed(rows: Iterable[str], path: Path) -> Iterator[Talk]:
    for number, row in enumerate(rows, start=1):
        try:
            record = json.loads(row) if row.strip() else {}
            if "messages" in record:
                lines = tuple(_lines(record["messages"]))
                axis = record.get("axis") or _axis_of(str(record.get("kind", "")))
                yield Talk(str(record["id"]), str(axis), lines)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise BenchmarkError(f"{path}, line {number}: no talk; {EXPECTED}.") from None


def _lines(messages: Sequence[dict[str, str]]) -> Iterator[Line]:
    waits = False
    for message in messages:
        if message["role"] == "user":
            level = message.get("level")
            yield Line(message["content"], RiskLevel[level.upper()] if level else None, waits)
            waits = False
        else:
            waits = message["content"] == CHECK_IN


@cache
def _kinds() -> dict[str, str]:
    """The axis of every kind of the danger corpus, by the heading under which it is listed."""
    listed = resources.files("training.corpora.danger").joinpath("KINDS.md").read_text("utf-8")
    found, axis = {}, UNKNOWN
    for line in listed.splitlines():
        if line.startswith("## "):
            axis = _AXES.get(line.removeprefix("## ").strip(), UNKNOWN)
        elif kind := re.match(r"- `([\w-]+)`", line):
            found[kind[1]] = axis
    return found


def _axis_of(kind: str) -> str:
    return _kinds().get(kind, UNKNOWN)
