"""Ordinary lines of ordinary days, put together from when, where, with whom and what one does."""

from __future__ import annotations

import random
import re
import tomllib
from importlib import resources
from typing import TYPE_CHECKING

from bot.safety import RiskLevel, Utterance
from training.risk.data import EVERYDAY, OWN_WORDS, Example

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

from training.corpora.own import FILES, read_blocks

SEED = 20261201
LINES = 1_500

_SLOT = re.compile(r"\{(\w+)\}")
_LISTS = {"time": "times", "place": "places", "company": "company", "alone": "alone", "act": "acts"}


def everyday_lines(words: Mapping[str, Sequence[str]], count: int, seed: int = SEED) -> list[str]:
    """Different lines, drawn with a seed; fewer than `count` where there are no more."""
    chance = random.Random(seed)  # noqa: S311 - sampling, not secrecy
    lines: dict[str, None] = {}
    for _ in range(4 * count):
        if len(lines) == count:
            break
        frame = chance.choice(words["lines"])
        lines[_SLOT.sub(lambda slot: chance.choice(words[_LISTS[slot[1]]]), frame)] = None
    return list(lines)


def everyday_examples() -> list[Example]:
    """Generated lines that are trained as harmless."""
    source = resources.files("training.risk").joinpath("everyday.toml").read_text("utf-8")
    return [
        Example((Utterance(text),), RiskLevel.NONE, RiskLevel.NONE, EVERYDAY, EVERYDAY)
        for text in everyday_lines(tomllib.loads(source), LINES)
    ]


def own_words_examples() -> Iterator[Example]:
    """What people may type first in our own little talks: none of it speaks of danger."""
    seen = set()
    for name in FILES:
        for number, block in enumerate(read_blocks([name])):
            for exchange in block.exchanges:
                for text in exchange.client:
                    if text not in seen:
                        seen.add(text)
                        kind = f"{name}:{number}"
                        yield Example(
                            (Utterance(text),), RiskLevel.NONE, RiskLevel.NONE, OWN_WORDS, kind
                        )
