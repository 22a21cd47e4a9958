"""How long people waited without any sign of life, and whether they were told why."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from devtools.engines.paced import answer_mark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.chaos.environment import Target
    from benchmarks.chatlog import ChatLog, Rules, SentMessage

TELL_WITHIN = 6.0
"""Seconds after which a person who writes while the engine is away has to have been told."""


@dataclass(slots=True)
class Silence:
    """How long people waited, in seconds.

    `told` and `untold` count messages written while the engine was away for long enough, and
    nothing else was.
    """

    gaps: list[float] = field(default_factory=list)
    """For every message: the longest time without a sign until its answer was whole."""
    to_final: list[float] = field(default_factory=list)
    """For every message: until its answer was whole."""
    told: int = 0
    untold: int = 0

    def add(self, other: Silence) -> None:
        """Count another chat in."""
        self.gaps += other.gaps
        self.to_final += other.to_final
        self.told += other.told
        self.untold += other.untold


def silence_in(
    log: ChatLog, signs: Sequence[float], targets: Sequence[Target], rules: Rules
) -> Silence:
    """What one chat had to bear. `signs`: texts, edits and "typing", as they happened."""
    found = Silence()
    for position, said in enumerate(log.said):
        end = _answered_at(log, position)
        if end is None:
            continue
        moments = sorted({said.at, end, *(at for at in signs if said.at < at < end)})
        found.to_final.append(end - said.at)
        found.gaps.append(max(after - before for before, after in pairwise(moments)))
        told = _told(log, said, end, targets, rules)
        found.told += told is True
        found.untold += told is False
    return found


def _answered_at(log: ChatLog, position: int) -> float | None:
    """When the answer to a message was whole, or to a later one that became one turn with it."""
    marks = [answer_mark(said.text) for said in log.said[position:]]
    asked = log.said[position].at
    ends = (
        shown.at
        for shown in log.shown
        if shown.finished and shown.at > asked and any(mark in shown.text for mark in marks)
    )
    return min(ends, default=None)


def _told(
    log: ChatLog, said: SentMessage, end: float, targets: Sequence[Target], rules: Rules
) -> bool | None:
    """Whether the person was told in time that the engine is away; None if it was not, or not only.

    Text of any kind counts, the placeholder does not: it promises an answer.
    """
    deadline = said.at + TELL_WITHIN
    engine_away = other_away = False
    for target in targets:
        for begin, back in target.away:
            if target.name == "engine":
                engine_away |= begin <= said.at and back >= deadline
            else:
                other_away |= begin - TELL_WITHIN <= said.at <= back + TELL_WITHIN
    if not engine_away or other_away or end < deadline:
        return None
    return any(
        said.at < shown.at <= deadline and shown.text != rules.placeholder for shown in log.shown
    )
