"""How well the detector does on labelled texts: shares with intervals, never a text."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.safety.detector import assess
from bot.safety.evaluation.batch import read_line
from bot.safety.levels import RiskLevel

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

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
class Judged:
    """A row's labels and the level it was given."""

    labels: frozenset[str]
    level: RiskLevel


def is_positive(labels: Iterable[str]) -> bool:
    """Whether labels of the psysuicide corpus speak of danger to the writer's own life or body."""
    return not POSITIVE.isdisjoint(labels)


def is_severe(labels: Iterable[str]) -> bool:
    """Whether they speak of a plan, a preparation or an attempt."""
    return not SEVERE.isdisjoint(labels)


def report(lines: Iterable[str]) -> Iterator[str]:
    """The lines of a report. Raises BatchError where a line has no text or no labels."""
    rows = list(_judge(lines))
    positive = [row for row in rows if is_positive(row.labels)]
    negative = [row for row in rows if not is_positive(row.labels)]
    severe = [row for row in rows if is_severe(row.labels)]
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


def interval(hits: Sequence[bool]) -> tuple[float, float]:
    """The middle 95 % of the shares of true in samples drawn anew, with a fixed seed."""
    if not hits:
        return 0.0, 1.0
    chance = random.Random(_SEED)  # noqa: S311 - sampling, not secrecy
    shares = sorted(sum(chance.choices(hits, k=len(hits))) / len(hits) for _ in range(_DRAWS))
    return shares[int(0.025 * _DRAWS)], shares[int(0.975 * _DRAWS) - 1]


def _judge(lines: Iterable[str]) -> Iterator[Judged]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            said, labels = read_line(line, number, labelled=True)
            yield Judged(frozenset(labels), assess(said).level)


def _share(name: str, rows: Sequence[Judged], at_least: RiskLevel) -> str:
    if not rows:
        return f"{name}: no such texts"
    hits = [row.level >= at_least for row in rows]
    low, high = interval(hits)
    share = sum(hits) / len(hits)
    return f"{name}: {sum(hits)}/{len(hits)} = {share:.1%} ({low:.1%} to {high:.1%})"
