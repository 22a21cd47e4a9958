"""Honest figures: nothing is judged by what was made from it.

The classifier judges a row in folds that did not train on it. The rules were written with the
labelled rows in sight, so a way of saying it that is found in only one positive row is not counted
for that row.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.model_selection import StratifiedKFold

from bot.safety.classifier import Thresholds
from bot.safety.detector import Match, is_open, is_unknown, matches, reading
from bot.safety.evaluation.report import interval
from bot.safety.levels import RiskLevel
from bot.safety.rules import RULES, one_by_one
from training.risk.fit import Fit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from training.risk.data import Example

FOLDS = 5
REPEATS = 2
SEED = 20260701

FALSE_CONCERNS = 0.075  # of the harmless rows, at most: the goal is 10 % on unseen ones
FALSE_HIGHS = 0.025  # a card that is out of place does harm of its own
FALSE_CARDS = 0.032  # of the harmless rows, those included that the classifier alone is certain of
LEAST_GRAVE = -0.5  # log-odds; below it suicide is named more often as a subject than as a wish


@dataclass(frozen=True, slots=True)
class Estimate:
    """For each labelled row: what rules and classifier say that did not see it."""

    danger: NDArray[np.bool_]
    severe: NDArray[np.bool_]
    ruled: NDArray[np.int_]
    open: NDArray[np.bool_]
    """Whether the classifier may raise it to high: open words, of nobody else."""
    unknown: NDArray[np.bool_]
    """Whether the classifier may raise it to high by itself: no rule has an opinion."""
    scored: NDArray[np.float64]

    def concern(self, threshold: float) -> NDArray[np.bool_]:
        """Which rows are a concern or more."""
        return (self.ruled >= RiskLevel.CONCERN) | (self.scored >= threshold)

    def high(self, grave: float, certain: float = np.inf) -> NDArray[np.bool_]:
        """Which rows are high or more."""
        graver = self.open & (self.scored >= grave)
        alone = self.unknown & (self.scored >= certain)
        return (self.ruled >= RiskLevel.HIGH) | graver | alone


def estimate(labelled: Sequence[Example], own: Sequence[Example]) -> Estimate:
    """Judge every row by folds and rules that did not see it."""
    danger = np.array([example.danger for example in labelled])
    texts = np.array([example.text for example in labelled], dtype=object)
    scored = np.zeros(len(labelled))
    for repeat in range(REPEATS):
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED + repeat)
        for train, test in folds.split(texts, danger):
            fit = Fit([labelled[index] for index in train], own)
            scored[test] += fit.scores(texts[test].tolist()) / REPEATS
    found = _ruled(labelled)
    return Estimate(
        danger=danger,
        severe=np.array([example.severe for example in labelled]),
        ruled=np.array(
            [max((item.level for item in ruled), default=RiskLevel.NONE) for ruled in found]
        ),
        open=np.array([is_open(ruled) for ruled in found]),
        unknown=np.array([is_unknown(ruled) for ruled in found]),
        scored=scored,
    )


def thresholds(judged: Estimate) -> Thresholds:
    """The lowest scores for a concern and for high that keep false alarms within their shares."""
    candidates = np.sort(judged.scored)
    harmless = ~judged.danger
    concern = next(
        (at for at in candidates if judged.concern(at)[harmless].mean() <= FALSE_CONCERNS),
        float(candidates[-1]) + 1,
    )
    grave = next(
        (
            at
            for at in candidates
            if at >= LEAST_GRAVE and judged.high(at)[harmless].mean() <= FALSE_HIGHS
        ),
        float(candidates[-1]) + 1,
    )
    certain = next(
        (
            at
            for at in candidates
            if at >= concern and judged.high(grave, at)[harmless].mean() <= FALSE_CARDS
        ),
        float(candidates[-1]) + 1,
    )
    return Thresholds(float(concern), float(grave), float(certain))


def figures(judged: Estimate, chosen: Thresholds) -> Iterator[str]:
    """The estimate in words."""
    at_concern = judged.concern(chosen.concern)
    at_high = judged.high(chosen.grave, chosen.certain)
    harmless = ~judged.danger
    for name, hits in (
        ("recall, concern or above", at_concern[judged.danger]),
        ("false positives, concern or above", at_concern[harmless]),
        ("recall, high or above", at_high[judged.danger]),
        ("false positives, high or above", at_high[harmless]),
        ("plan, preparation, attempt: high or above", at_high[judged.severe]),
        ("rules alone, recall", judged.ruled[judged.danger] >= RiskLevel.CONCERN),
        ("rules alone, false positives", judged.ruled[harmless] >= RiskLevel.CONCERN),
    ):
        low, high = interval(hits.tolist())
        share = hits.mean()
        yield f"{name}: {hits.sum()}/{len(hits)} = {share:.1%} ({low:.1%} to {high:.1%})"


def _ruled(labelled: Sequence[Example]) -> list[list[Match]]:
    ways = one_by_one(RULES)
    found = [list(matches(reading(example.text), ways)) for example in labelled]
    supported = Counter(
        name
        for example, matched in zip(labelled, found, strict=True)
        if example.danger
        for name in {item.name for item in matched if item.level is not RiskLevel.NONE}
    )
    return [
        [item for item in matched if supported[item.name] > example.danger]
        for example, matched in zip(labelled, found, strict=True)
    ]
