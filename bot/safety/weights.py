"""What `python -m training risk` trained, as the bot reads it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING

from bot.safety.ngrams import NGrams, read_ngrams
from bot.safety.trees import Trees, read_trees

if TYPE_CHECKING:
    from collections.abc import Mapping

WEIGHTS_FILE = "first_reader.json"


@dataclass(frozen=True, slots=True)
class Weights:
    """All that is trained."""

    levels: NGrams
    """A head for concern or more, high or more, imminent."""
    opinions: NGrams
    """A head for each axis, and for who is in danger."""
    axes_from: Mapping[str, float]
    """The log-odds from which an axis is named."""
    trees: Mapping[str, Trees]
    """Of each name in `bot.safety.facts.SCORES`."""
    thresholds: Mapping[str, Mapping[str, float]]
    """The log-odds of the trees from which each level is reached: of a "line" by itself, in a
    "talk", of a "plain" message without a grave kind of word, and in "danger", of a person who is
    at high, of whom an "answer" needs less; a concern of a "hinted" message, in which a rule sees
    one."""


@lru_cache(maxsize=1)
def weights() -> Weights:
    """The weights in the package."""
    return read_weights(resources.files("bot.safety").joinpath(WEIGHTS_FILE).read_text("utf-8"))


def read_weights(source: str) -> Weights:
    """Weights as training writes them."""
    record = json.loads(source)
    return Weights(
        levels=read_ngrams(record["levels"]),
        opinions=read_ngrams(record["opinions"]),
        axes_from=record["axes_from"],
        trees={name: read_trees(trees) for name, trees in record["trees"].items()},
        thresholds=record["thresholds"],
    )
