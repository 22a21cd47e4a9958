"""Linear models over the pieces of a message's words: a weighted sum for every question asked.

Trained by `python -m training risk` and read here without its libraries: for each view of the text,
the pieces (character n-grams) it knows, their dampened counts brought to length one, times their
weights. Several models ("heads") share the pieces.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_PIECE = 4  # characters


@dataclass(frozen=True, slots=True)
class NGrams:
    """Weights of the pieces of each view, one for each head."""

    heads: tuple[str, ...]
    biases: tuple[float, ...]
    weights: tuple[Mapping[str, tuple[int, ...]], ...]
    unit: float

    def scores(self, views: Sequence[str]) -> list[float]:
        """The log-odds of each head, in the order of `heads`."""
        totals = list(self.biases)
        for view, weights in zip(views, self.weights, strict=True):
            counts = Counter(filter(weights.__contains__, pieces(view)))
            if not counts:
                continue
            known = [(1 + math.log(count), weights[piece]) for piece, count in counts.items()]
            scale = self.unit / math.sqrt(sum(count * count for count, _ in known))
            for head, weighed in enumerate(zip(*(weight for _, weight in known), strict=True)):
                summed = sum(
                    count * weight for (count, _), weight in zip(known, weighed, strict=True)
                )
                totals[head] += scale * summed
        return totals


def pieces(view: str) -> list[str]:
    """Every run of one to four characters."""
    return [
        view[start : start + size]
        for size in range(1, MAX_PIECE + 1)
        for start in range(len(view) - size + 1)
    ]


def read_ngrams(record: Mapping[str, Any]) -> NGrams:
    """The models as training writes them: pieces a line, whole-number weights a head."""
    return NGrams(
        heads=tuple(record["heads"]),
        biases=tuple(record["biases"]),
        weights=tuple(
            dict(zip(view["pieces"].split("\n"), zip(*view["weights"], strict=True), strict=True))
            for view in record["views"]
        ),
        unit=record["unit"],
    )
