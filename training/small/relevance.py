"""Whether answers belong to what was said: each is scored against its own context and others.

A row of scores is one answer: first its own context's score, then those of other contexts.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    from numpy.typing import NDArray

    Score = Callable[[int, int], float]
    """Of the answer with the first number after the context with the second."""

OTHERS = 19
"""Contexts an answer is compared with; chance picks its own in one of twenty."""


@dataclass(frozen=True, slots=True)
class Relevance:
    """How often an answer is told from chance; shares are 0 to 1."""

    answers: int
    told_apart: float
    """Share of other contexts that an answer's own one beats; chance is 0.5."""
    picked: float
    """Share of answers whose own context beats all the others; chance is 0.05."""


def shuffled(count: int, random: Random) -> NDArray[np.int64]:
    """For each of `count` answers the numbers of its own context and of `OTHERS` drawn ones.

    Raises ValueError for fewer answers than that takes.
    """
    if count <= OTHERS:
        raise ValueError(f"{count} answers are too few: each is compared with {OTHERS} others")
    rows = []
    for own in range(count):
        others = [number for number in range(count) if number != own]
        rows.append([own, *random.sample(others, OTHERS)])
    return np.array(rows)


def relevance(contexts: NDArray[np.int64], score: Score) -> Relevance:
    """Compare by `score`; `contexts` is what `shuffled` drew. A draw counts half."""
    scores = np.array(
        [[score(answer, int(context)) for context in row] for answer, row in enumerate(contexts)]
    )
    own, others = scores[:, :1], scores[:, 1:]
    beaten = (own > others) + 0.5 * (own == others)
    return Relevance(
        answers=len(scores),
        told_apart=round(float(beaten.mean()), 3),
        picked=round(float((own > others).all(axis=1).mean()), 3),
    )


class TfIdf:
    """Cosine similarity of texts by their character pairs, rare ones weighing more."""

    def __init__(self, texts: Sequence[str]) -> None:
        """Learn from `texts` which pairs are rare."""
        seen = Counter(pair for text in texts for pair in set(_pairs(text)))
        self._rarity = {pair: math.log((1 + len(texts)) / count) for pair, count in seen.items()}
        self._unseen = math.log(1 + len(texts))

    def similarity(self, one: str, other: str) -> float:
        """0 for nothing in common, 1 for the same."""
        left, right = self._weights(one), self._weights(other)
        product = sum(weight * right.get(pair, 0.0) for pair, weight in left.items())
        return product / max(1e-9, _length(left) * _length(right))

    def shared(self, one: str, other: str) -> float:
        """The pairs that both texts have, rare ones weighing more."""
        both = set(_pairs(one)) & set(_pairs(other))
        return sum(self._rarity.get(pair, self._unseen) for pair in both)

    def _weights(self, text: str) -> dict[str, float]:
        counts = Counter(_pairs(text))
        return {
            pair: count * self._rarity.get(pair, self._unseen) for pair, count in counts.items()
        }


def _pairs(text: str) -> list[str]:
    letters = [character for character in text if character.isalnum()]
    return [first + second for first, second in pairwise(letters)]


def _length(weights: dict[str, float]) -> float:
    return math.sqrt(sum(weight * weight for weight in weights.values()))
