"""What the checks and the judge found, counted: for people as tables, for machines as JSON."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.report import seconds
from benchmarks.rubrics.checks import CHECKS, seconds_to_card
from benchmarks.rubrics.judging import Score

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from benchmarks.rubrics.exchange import Exchange

ALL = "all"
_Z = 1.96
"""Standard deviations around the middle that hold 95 %."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What a judge said of one talk: scores by dimension, or marks by item."""

    exchange: Exchange
    scores: Mapping[str, Score] = field(default_factory=dict)
    marks: Mapping[str, bool | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that was found.

    `held` has a list for each check and axis: a truth for every occasion on which it applied.
    """

    exchanges: Sequence[Exchange]
    judged: Sequence[Judged]
    sections: Mapping[str, str]
    """Of the items of a checklist."""
    wall_seconds: float

    @property
    def unanswered(self) -> int:
        """Messages to which nothing came."""
        return sum(not turn.bubbles for talk in self.exchanges for turn in talk.turns)

    @property
    def check_ins(self) -> int:
        """How often the bot spoke by itself."""
        return sum(turn.said is None for talk in self.exchanges for turn in talk.turns)

    @property
    def seconds_to_card(self) -> list[float | None]:
        """At every message with which danger rises; None where no number came."""
        return [after for talk in self.exchanges for after in seconds_to_card(talk)]

    def held(self) -> dict[str, dict[str, list[bool]]]:
        """By check and axis, `ALL` among them: whether it held, occasion by occasion."""
        found: dict[str, dict[str, list[bool]]] = {}
        for key, check in CHECKS.items():
            by_axis: dict[str, list[bool]] = defaultdict(list)
            for exchange in self.exchanges:
                hits = list(check.judge(exchange))
                by_axis[ALL] += hits
                by_axis[exchange.axis] += hits
            found[key] = dict(by_axis)
        return found


def tables(found: Findings) -> Iterator[str]:
    """The lines people read."""
    messages = sum(turn.said is not None for talk in found.exchanges for turn in talk.turns)
    yield (
        f"{len(found.exchanges)} talks, {messages} messages, {found.unanswered} without an "
        f"answer, {found.check_ins} check-ins, {found.wall_seconds:.0f} s"
    )
    times = found.seconds_to_card
    came = [after for after in times if after is not None]
    if times:
        yield f"danger rose {len(times)} times, {len(came)} with a card; p50 / p99 {seconds(came)}"
    held = found.held()
    yield "\nrule checks by dimension"
    for dimension in dict.fromkeys(check.dimension for check in CHECKS.values()):
        keys = [key for key, check in CHECKS.items() if check.dimension is dimension]
        yield _row(dimension, [hit for key in keys for hit in held[key].get(ALL, [])])
        for key in keys:
            yield _row(f"  {CHECKS[key].name}", held[key].get(ALL, []))
    yield "\nrule checks by axis"
    for axis in sorted({exchange.axis for exchange in found.exchanges}):
        yield _row(axis, [hit for by_axis in held.values() for hit in by_axis.get(axis, [])])
    yield from _scored(found.judged)
    yield from _marked(found)


def wilson(held: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share, by Wilson's score: also where all held, or none."""
    if not of:
        return 0.0, 1.0
    share, spread = held / of, _Z * _Z / of
    middle = share + spread / 2
    half = math.sqrt(spread * (share * (1 - share) + spread / 4))
    return max((middle - half) / (1 + spread), 0.0), min((middle + half) / (1 + spread), 1.0)


def _row(name: str, hits: Sequence[bool]) -> str:
    if not hits:
        return f"{name:<58}  does not apply"
    low, high = wilson(sum(hits), len(hits))
    share = sum(hits) / len(hits)
    return f"{name:<58}  {sum(hits)}/{len(hits)} = {share:.1%} ({low:.1%} to {high:.1%})"


def _scored(judged: Iterable[Judged]) -> Iterator[str]:
    by_dimension: dict[str, list[Score]] = defaultdict(list)
    by_axis: dict[str, list[Score]] = defaultdict(list)
    for one in judged:
        for dimension, score in one.scores.items():
            by_dimension[dimension].append(score)
            by_axis[one.exchange.axis].append(score)
    for title, table in (("dimension", by_dimension), ("axis", by_axis)):
        if table:
            yield f"\njudge, by {title}: good among what is relevant"
        for name, scores in table.items():
            yield _row(name, [score is Score.GOOD for score in _relevant(scores)])
            counts = Counter(scores)
            yield "  " + ", ".join(f"{score} {counts[score]}" for score in Score)


def _relevant(scores: Iterable[Score]) -> list[Score]:
    return [score for score in scores if score not in {Score.NOT_RELEVANT, Score.UNREAD}]


def _marked(found: Findings) -> Iterator[str]:
    marked = [one.marks for one in found.judged if one.marks]
    if marked:
        yield "\njudge, by item: true where it applies"
    for item, section in found.sections.items() if marked else ():
        marks = [mark for marks in marked if (mark := marks.get(item)) is not None]
        yield _row(f"{section} {item}", marks)


def figures(found: Findings) -> dict[str, object]:
    """Everything counted, without a word that was said."""
    return {
        "talks": len(found.exchanges),
        "unanswered": found.unanswered,
        "check_ins": found.check_ins,
        "seconds_to_card": found.seconds_to_card,
        "wall_seconds": round(found.wall_seconds, 1),
        "checks": {
            key: {axis: _figure(hits) for axis, hits in by_axis.items()}
            for key, by_axis in found.held().items()
        },
        "broken": {exchange.id: _broken(exchange) for exchange in found.exchanges},
        "judged": [
            {
                "id": one.exchange.id,
                "axis": one.exchange.axis,
                "scores": {name: score.value for name, score in one.scores.items()},
                "marks": dict(one.marks),
            }
            for one in found.judged
        ],
    }


def _figure(hits: Sequence[bool]) -> dict[str, float]:
    low, high = wilson(sum(hits), len(hits))
    return {"held": sum(hits), "of": len(hits), "low": round(low, 4), "high": round(high, 4)}


def _broken(exchange: Exchange) -> list[str]:
    return [key for key, check in CHECKS.items() if not all(check.judge(exchange))]
