"""Figures of the whole reader, by kind: lines, and talks before and after a card."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from bot.safety import FirstReader, RiskLevel
from bot.safety.asked import BotQuestion, asked
from bot.safety.detector import Odds
from bot.safety.evaluation.report import interval
from bot.safety.facts import LEVELS, turns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from bot.safety import Assessment
    from bot.safety.facts import TalkTurn
    from bot.safety.weights import Weights
    from training.risk.data import Example

Judged = tuple["Example", "Assessment"]


class OutOfFoldReader(FirstReader):
    """Reads with the scores of models that have not learnt from what they score.

    `odds` and `alone` are log-odds of the levels of every example, in its talk and by itself.
    """

    def __init__(
        self,
        trained: Weights,
        examples: Sequence[Example],
        odds: NDArray[np.float64],
        alone: NDArray[np.float64],
    ) -> None:
        super().__init__(trained)
        self._known = {
            turns(example.said, facts_of=self.facts_of)[-1].key: Odds(
                dict(zip(LEVELS, in_talk, strict=True)), dict(zip(LEVELS, by_itself, strict=True))
            )
            for example, in_talk, by_itself in zip(
                examples, odds.tolist(), alone.tolist(), strict=True
            )
        }

    def odds(self, turn: TalkTurn) -> Odds:
        """What was scored of a row; of a message that is no row, what the reader says."""
        return self._known.get(turn.key) or super().odds(turn)


def judge(reader: FirstReader, examples: Sequence[Example]) -> list[Judged]:
    """What a reader says of examples."""
    return [(example, reader.read(example.said)) for example in examples]


def figures(judged: Sequence[Judged]) -> Iterator[str]:
    """All lines of a report."""
    lines = [item for item in judged if not item[0].talk]
    talks = [item for item in judged if item[0].talk]
    yield from _of_lines(lines)
    yield from _of_talks(talks)
    yield from _of_kinds(lines)


def _of_lines(lines: Sequence[Judged]) -> Iterator[str]:
    if not lines:
        return
    for name, level, least in (
        ("imminent told as imminent", RiskLevel.IMMINENT, RiskLevel.IMMINENT),
        ("imminent at high or above", RiskLevel.IMMINENT, RiskLevel.HIGH),
        ("high at high or above", RiskLevel.HIGH, RiskLevel.HIGH),
        ("high at concern or above", RiskLevel.HIGH, RiskLevel.CONCERN),
        ("concern at concern or above", RiskLevel.CONCERN, RiskLevel.CONCERN),
        ("none at concern or above (false)", RiskLevel.NONE, RiskLevel.CONCERN),
        ("none at high or above (false)", RiskLevel.NONE, RiskLevel.HIGH),
    ):
        yield _share(name, [said.level >= least for row, said in lines if row.lowest is level])
    serious = [item for item in lines if item[0].lowest >= RiskLevel.HIGH]
    yield _share("high or imminent at high or above", [s.level >= 2 for _, s in serious])
    seen = [(row, said) for row, said in lines if row.lowest and said.axes]
    if not seen:
        return
    yield _share("axes: one at least is right", [bool(r.axes & set(s.axes)) for r, s in seen])
    yield _share("axes: all are right", [r.axes == set(s.axes) for r, s in seen])
    yield _share("who is right", [r.who == s.who for r, s in seen])


def _of_talks(talks: Sequence[Judged]) -> Iterator[str]:
    rising = [
        (row, said)
        for row, said in talks
        if row.lowest > row.before and row.lowest >= RiskLevel.HIGH
    ]
    after: list[bool] = []
    before: list[bool] = []
    for row, said in rising:
        (after if _card_was_sent(row) else before).append(said.level >= row.lowest)
    yield _share("talks: escalation told at its level, before a card", before)
    yield _share("talks: escalation told at its level, after a card", after)
    yield _share(
        "talks: escalation at high or above, before a card",
        [said.level >= 2 for row, said in rising if not _card_was_sent(row)],
    )
    calm = [(row, said) for row, said in talks if row.talk == "harmless"]
    yield _share("talks: harmless turns at concern or above", [s.level >= 1 for _, s in calm])
    falls = [(row, said) for row, said in talks if row.lowest < row.before]
    yield _share("talks: calmer turns at imminent (false)", [s.level >= 3 for _, s in falls])
    kept = [(row, said) for row, said in falls if row.lowest]
    yield _share("talks: calmer turns at concern or above", [s.level >= 1 for _, s in kept])


def _of_kinds(lines: Sequence[Judged]) -> Iterator[str]:
    yield "kind: imminent at imminent, serious at high, concern at concern, none alarmed"
    kinds: dict[str, list[Judged]] = defaultdict(list)
    for row, said in lines:
        kinds[row.kind].append((row, said))
    for kind, some in kinds.items():
        parts = []
        for level, least in (
            ((RiskLevel.IMMINENT,), RiskLevel.IMMINENT),
            ((RiskLevel.HIGH, RiskLevel.IMMINENT), RiskLevel.HIGH),
            ((RiskLevel.CONCERN,), RiskLevel.CONCERN),
            ((RiskLevel.NONE,), RiskLevel.CONCERN),
        ):
            hits = [said.level >= least for row, said in some if row.lowest in level]
            parts.append(f"{sum(hits)}/{len(hits)}")
        yield f"{kind}: {', '.join(parts)}"


def _card_was_sent(row: Example) -> bool:
    return any(one.by_bot and BotQuestion.CARD in asked(one.text) for one in row.said)


def _share(name: str, hits: Sequence[bool]) -> str:
    if not hits:
        return f"{name}: none such"
    low, high = interval(hits)
    return (
        f"{name}: {sum(hits)}/{len(hits)} = {sum(hits) / len(hits):.1%} ({low:.1%} to {high:.1%})"
    )
