"""Linear models over the pieces of a message's words: a weighted sum for every question asked.

Trained by `python -m training risk` and read here without its libraries: for each view of the text,
the pieces (character n-grams) it knows, their dampened counts brought to length one, times their
weights. Several models ("heads") share the pieces.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.safety.pieces import MAX_PIECE, PieceTable, read_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class NGrams:
    """Weights of the pieces of each view, one for each head."""

    heads: tuple[str, ...]
    biases: tuple[float, ...]
    unit: float
    table: PieceTable

    def scores(self, views: Sequence[str]) -> list[float]:
        """The log-odds of each head, in the order of `heads`."""
        totals = list(self.biases)
        for number, view in enumerate(views):
            found = self.table.find(number, view)
            if not found:
                continue
            counts = [1 + math.log(count) for count in found.values()]
            scale = self.unit / math.hypot(*counts)
            for head, weights in enumerate(self.table.weights):
                picked = map(weights.__getitem__, found)
                totals[head] += scale * sum(map(operator.mul, counts, picked))
        return totals


def pieces(view: str) -> list[str]:
    """Every run of one to four characters."""
    return [
        view[start : start + size]
        for size in range(1, MAX_PIECE + 1)
        for start in range(len(view) - size + 1)
    ]


def read_ngrams(record: Mapping[str, Any]) -> NGrams:
    """The models as training writes them."""
    heads = tuple(record["heads"])
    return NGrams(
        heads=heads,
        biases=tuple(record["biases"]),
        unit=record["unit"],
        table=read_table(record["table"], len(heads)),
    )
