"""A small trained judge beside the rules: a weighted sum over the pieces of a message's words.

Trained by `python -m training risk` and read here without its libraries: for each of three views
of the text, the pieces (character n-grams) it knows, their dampened counts brought to length one,
times their weights.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING

from bot.safety.lexicon import views
from bot.safety.normalize import BREAK

if TYPE_CHECKING:
    from collections.abc import Mapping

WEIGHTS_FILE = "classifier.json"
MAX_PIECE = 4  # characters
MIN_CHARACTERS = 3  # characters; of fewer nothing can be read


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The scores from which a level is reached, in log-odds."""

    concern: float
    grave: float
    """High, where open words of the writer stand there."""
    certain: float
    """High, where no rule knows the words: those that a rule knows, it has weighed."""


@dataclass(frozen=True, slots=True)
class Classifier:
    """Weights of the pieces of each view, and the scores from which a level is reached."""

    weights: tuple[Mapping[str, float], ...]
    bias: float
    thresholds: Thresholds

    def score(self, text: str) -> float:
        """How much normalized text, its idioms taken out, reads like one of a person in danger."""
        if len(text.strip(BREAK + " ")) < MIN_CHARACTERS:
            return -math.inf
        total = self.bias
        for view, weights in zip(views(text), self.weights, strict=True):
            counts = Counter(filter(weights.__contains__, pieces(view)))
            known = [(1 + math.log(count), weights[piece]) for piece, count in counts.items()]
            length = math.sqrt(sum(count * count for count, _ in known))
            if length:
                total += sum(count * weight for count, weight in known) / length
        return total


def pieces(view: str) -> list[str]:
    """Every run of one to four characters."""
    return [
        view[start : start + size]
        for size in range(1, MAX_PIECE + 1)
        for start in range(len(view) - size + 1)
    ]


@lru_cache(maxsize=1)
def classifier() -> Classifier:
    """The trained classifier in the package."""
    return read_classifier(resources.files("bot.safety").joinpath(WEIGHTS_FILE).read_text("utf-8"))


def read_classifier(source: str) -> Classifier:
    """A classifier as `python -m training risk` writes it: pieces a line, whole-number weights."""
    record = json.loads(source)
    unit = record["unit"]
    return Classifier(
        weights=tuple(
            {
                piece: weight * unit
                for piece, weight in zip(view["pieces"].split("\n"), view["weights"], strict=True)
            }
            for view in record["views"]
        ),
        bias=record["bias"],
        thresholds=Thresholds(**record["thresholds"]),
    )
