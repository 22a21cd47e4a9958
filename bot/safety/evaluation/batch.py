"""The readers over a file, for operators, evaluation and acceptance."""

from __future__ import annotations

from typing import TYPE_CHECKING, NotRequired, Protocol, TypedDict

from bot.safety.detector import assess
from bot.safety.evaluation.cases import read_cases
from bot.safety.levels import Assessment, RiskLevel
from bot.safety.state import LOWEST_BY_WORD, says_safe, takes_back

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bot.safety.evaluation.cases import Case
    from bot.safety.utterance import Utterance


class Reads(Protocol):
    """What reads the last message of a talk, of a person in `standing`."""

    def __call__(self, said: Sequence[Utterance], standing: RiskLevel, /) -> Assessment:
        """See `bot.safety.assess`."""
        ...


class LineLevel(TypedDict):
    """One line of the verdicts: of the last message; of a talk, the level at every message, too."""

    level: str
    axes: list[str]
    who: str
    reasons: list[str]
    levels: NotRequired[list[str]]


def safety_report(lines: Iterable[str], reads: Reads = assess) -> Iterator[LineLevel]:
    """A verdict a line, in order; blank lines are skipped. See `cases` for what a line may be.

    Raises BatchError with the line's number, counted from 1.
    """
    for case in read_cases(lines):
        read = read_talk(case, reads)
        last = read[-1] if read else Assessment(RiskLevel.NONE)
        verdict = LineLevel(
            level=last.level.label,
            axes=sorted(axis.value for axis in last.axes),
            who=last.who.value,
            reasons=list(last.reasons),
        )
        if case.is_talk:
            verdict["levels"] = [one.level.label for one in read]
        yield verdict


def read_talk(case: Case, reads: Reads) -> list[Assessment]:
    """What is made of every message of the person, each read with what was said before it.

    As in the bot, what was read in one is what the person is in at the next, until they say that
    they are safe, or take it back.
    """
    read: list[Assessment] = []
    standing = RiskLevel.NONE
    for place, message in enumerate(case.said, start=1):
        if message.by_bot:
            continue
        found = reads(case.said[:place], standing)
        read.append(found)
        standing = max(standing, found.level)
        if says_safe(message.text) or takes_back(message.text):
            standing = min(standing, LOWEST_BY_WORD)
    return read
