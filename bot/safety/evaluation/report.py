"""How well the readers do on labelled texts and talks: shares with intervals, never a text."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.safety.detector import assess
from bot.safety.evaluation.batch import read_talk
from bot.safety.evaluation.cases import BatchError, read_cases
from bot.safety.levels import RiskLevel

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bot.safety.evaluation.batch import Reads
    from bot.safety.evaluation.cases import Case

POSITIVE = frozenset(
    {
        "主动自杀意图",
        "被动自杀意图",
        "自伤行为",
        "自伤意图",
        "自杀计划",
        "自杀准备行为",
        "自杀未遂",
    }
)
SEVERE = frozenset({"自杀计划", "自杀准备行为", "自杀未遂"})

_DRAWS = 2000
_SEED = 20260701


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text of the corpus PsySUICIDE: its labels and the level it was given."""

    labels: frozenset[str]
    level: RiskLevel


@dataclass(frozen=True, slots=True)
class Levelled:
    """A message with the level it should have, and the one it was given.

    `rises` in a talk: it should be higher than all messages before it.
    """

    wanted: RiskLevel
    level: RiskLevel
    is_talk: bool
    rises: bool


def is_positive(labels: Iterable[str]) -> bool:
    """Whether labels of the psysuicide corpus speak of danger to the writer's own life or body."""
    return not POSITIVE.isdisjoint(labels)


def is_severe(labels: Iterable[str]) -> bool:
    """Whether they speak of a plan, a preparation or an attempt."""
    return not SEVERE.isdisjoint(labels)


def report(lines: Iterable[str], readers: Mapping[str, Reads] | None = None) -> Iterator[str]:
    """The lines of a report, of each reader under its name.

    Raises BatchError where a line has no text, or neither a level nor labels.
    """
    readers = readers or {"first reader": assess}
    cases = list(read_cases(lines))
    for case in cases:
        if case.labels is None and not any(level is not None for level in case.wanted):
            raise BatchError(f'line {case.number}: expected "labels" or "level"')
    for name, reads in readers.items():
        if len(readers) > 1:
            yield f"-- {name}"
        labelled, levelled = _judge(cases, reads)
        if labelled or not levelled:
            yield from _of_labels(labelled)
        if levelled:
            yield from _of_levels(levelled)


def interval(hits: Sequence[bool]) -> tuple[float, float]:
    """The middle 95 % of the shares of true in samples drawn anew, with a fixed seed."""
    if not hits:
        return 0.0, 1.0
    chance = random.Random(_SEED)  # noqa: S311 - sampling, not secrecy
    shares = sorted(sum(chance.choices(hits, k=len(hits))) / len(hits) for _ in range(_DRAWS))
    return shares[int(0.025 * _DRAWS)], shares[int(0.975 * _DRAWS) - 1]


def _judge(cases: Sequence[Case], reads: Reads) -> tuple[list[Labelled], list[Levelled]]:
    labelled: list[Labelled] = []
    levelled: list[Levelled] = []
    for case in cases:
        levels = [found.level for found in read_talk(case, reads)]
        if case.labels is not None:
            last = levels[-1] if levels else RiskLevel.NONE
            labelled.append(Labelled(frozenset(case.labels), last))
        own = [place for place, message in enumerate(case.said) if not message.by_bot]
        before = RiskLevel.NONE
        for place, level in zip(own, levels, strict=True):
            wanted = case.wanted[place]
            if wanted is not None:
                levelled.append(Levelled(wanted, level, case.is_talk, wanted > before))
                before = max(before, wanted)
    return labelled, levelled


def _of_labels(rows: Sequence[Labelled]) -> Iterator[str]:
    positive = [row.level for row in rows if is_positive(row.labels)]
    negative = [row.level for row in rows if not is_positive(row.labels)]
    severe = [row.level for row in rows if is_severe(row.labels)]
    yield f"{len(rows)} texts, {len(positive)} positive"
    yield _share("recall, concern or above", positive, RiskLevel.CONCERN)
    yield _share("false positives, concern or above", negative, RiskLevel.CONCERN)
    yield _share("recall, high or above", positive, RiskLevel.HIGH)
    yield _share("false positives, high or above", negative, RiskLevel.HIGH)
    yield _share("plan, preparation, attempt: high or above", severe, RiskLevel.HIGH)
    yield _share("imminent among the positive", positive, RiskLevel.IMMINENT)
    yield _share("imminent among the negative", negative, RiskLevel.IMMINENT)
    yield ""
    yield "label: texts, at none / concern / high / imminent"
    for label in sorted({label for row in rows for label in row.labels}):
        levels = [row.level for row in rows if label in row.labels]
        yield f"{label}: {len(levels)}, {' / '.join(str(levels.count(at)) for at in RiskLevel)}"


def _of_levels(rows: Sequence[Levelled]) -> Iterator[str]:
    lines = [row for row in rows if not row.is_talk]
    talks = [row for row in rows if row.is_talk]
    yield f"{len(lines)} lines, {len(talks)} messages in talks"
    for what, some in (("lines", lines), ("talks", talks)):
        if not some:
            continue
        at = {level: [row.level for row in some if row.wanted is level] for level in RiskLevel}
        serious = at[RiskLevel.HIGH] + at[RiskLevel.IMMINENT]
        yield _share(f"{what}: high or above, at high or above", serious, RiskLevel.HIGH)
        imminent = at[RiskLevel.IMMINENT]
        yield _share(f"{what}: imminent, at imminent", imminent, RiskLevel.IMMINENT)
        yield _share(f"{what}: concern, raised", at[RiskLevel.CONCERN], RiskLevel.CONCERN)
        yield _share(f"{what}: none, raised (false)", at[RiskLevel.NONE], RiskLevel.CONCERN)
        yield _share(f"{what}: none, a card (false)", at[RiskLevel.NONE], RiskLevel.HIGH)
    rising = [row for row in talks if row.rises and row.wanted >= RiskLevel.HIGH]
    if rising:
        reached = [row.level >= row.wanted for row in rising]
        yield _shown("talks: escalations at their level", reached)


def _share(name: str, levels: Sequence[RiskLevel], at_least: RiskLevel) -> str:
    return _shown(name, [level >= at_least for level in levels])


def _shown(name: str, hits: Sequence[bool]) -> str:
    if not hits:
        return f"{name}: no such texts"
    low, high = interval(hits)
    share = sum(hits) / len(hits)
    return f"{name}: {sum(hits)}/{len(hits)} = {share:.1%} ({low:.1%} to {high:.1%})"
