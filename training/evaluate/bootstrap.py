"""Figures that can be resampled: sums over dialogues, and what is made of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sacrebleu.metrics.bleu import BLEU

from training.evaluate.report import Figure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

FIGURE_CONFIDENCE = 0.95
COMPARISON_CONFIDENCE = 0.99
"""Wider than the figures': the gate looks at half a dozen differences, and one of them would be
"certain" by chance too often."""


@dataclass(frozen=True, slots=True)
class Statistic:
    """One row of sums a dialogue, and the figure that all rows together make."""

    rows: NDArray[np.float64]
    """(dialogues, sums)."""
    figure: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    """(..., sums) -> (...); not a number where nothing was counted."""
    is_share: bool = False

    @property
    def value(self) -> float:
        """The figure over all dialogues."""
        return float(self.figure(self.rows.sum(axis=0)))


class Bootstrap:
    """Intervals by drawing dialogues with replacement; the same draws for every model."""

    def __init__(self, resamples: int, seed: int) -> None:
        self._resamples = resamples
        self._seed = seed

    def figure(self, statistic: Statistic) -> Figure:
        """The value with its interval."""
        value = statistic.value
        low, high = _quantiles(self._figures(statistic), FIGURE_CONFIDENCE)
        if statistic.is_share and value in (0, 1):
            bound = _unseen(len(statistic.rows), FIGURE_CONFIDENCE)
            low, high = max(0.0, value - bound), min(1.0, value + bound)
        return Figure(value, low, high)

    def difference(self, model: Statistic, other: Statistic) -> tuple[float, float, float]:
        """`model` minus `other` over the same dialogues, with its interval."""
        if len(model.rows) != len(other.rows):
            raise ValueError("a difference needs the same dialogues on both sides")
        low, high = _quantiles(self._figures(model) - self._figures(other), COMPARISON_CONFIDENCE)
        if model.is_share and np.array_equal(model.rows, other.rows):
            bound = min(1.0, _unseen(len(model.rows), COMPARISON_CONFIDENCE))
            low, high = -bound, bound
        return model.value - other.value, low, high

    def _figures(self, statistic: Statistic) -> NDArray[np.float64]:
        return statistic.figure(self._draws(len(statistic.rows)) @ statistic.rows)

    def _draws(self, dialogues: int) -> NDArray[np.float64]:
        """(resamples, dialogues): how often each dialogue was drawn."""
        generator = np.random.default_rng((self._seed, dialogues))
        chances = np.full(dialogues, 1 / dialogues)
        return generator.multinomial(dialogues, chances, size=self._resamples).astype(np.float64)


def summed(
    units: Sequence[str], rows: Iterable[tuple[str, Sequence[float]]], width: int
) -> NDArray[np.float64]:
    """One row a unit, in the order of `units`: the sum of the rows that belong to it."""
    places = {unit: place for place, unit in enumerate(units)}
    total = np.zeros((len(units), width))
    for unit, row in rows:
        total[places[unit]] += row
    return total


def ratio(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """The first sum by the second."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(sums[..., 0] / sums[..., 1])


def exponential(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Perplexity: nats by units, exponentiated."""
    return np.exp(ratio(sums))


def bleu(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """BLEU of hits and n-grams for n = 1 to 4, and the lengths of answers and references."""
    flat = sums.reshape(-1, sums.shape[-1])
    scores = [
        BLEU.compute_bleu(
            [round(hits) for hits in row[:4]],
            [round(grams) for grams in row[4:8]],
            round(row[8]),
            round(row[9]),
            smooth_method="exp",  # as sacrebleu scores a corpus
        ).score
        for row in flat.tolist()
    ]
    return np.array(scores).reshape(sums.shape[:-1])


def _unseen(dialogues: int, confidence: float) -> float:
    """The share that something may have and still be in none of so many dialogues.

    Resampling would be certain of what it cannot know: it draws no case where there is none.
    """
    return -math.log((1 - confidence) / 2) / dialogues


def _quantiles(values: NDArray[np.float64], confidence: float) -> tuple[float, float]:
    if np.isnan(values).all():
        return math.nan, math.nan
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(values, [tail, 1 - tail])
    return float(low), float(high)
