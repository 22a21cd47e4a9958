"""Ordinary lines of ordinary days, put together from when, where, with whom and what one does."""

from __future__ import annotations

import random
import re
import tomllib
from importlib import resources
from typing import TYPE_CHECKING

from bot.safety import RiskLevel, Utterance
from training.corpora.dialogue import Role
from training.risk.data import EVERYDAY, OWN_TALKS, OWN_WORDS, Example

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

from training.corpora.own import FILES, read_blocks
from training.corpora.own.talks import MEASURED_ONLY, read_talks, writers

SEED = 20261201

TAKEN = 4
"""Of so many turns of our own talks, one is learnt: every second one of the person's."""

_SLOT = re.compile(r"\{(\w+)\}")
_LINES = {"everyday.toml": 1_500, "everyday_uses.toml": 2_500}
"""How many lines are built from the words of each file."""


def everyday_lines(words: Mapping[str, Sequence[str]], count: int, seed: int = SEED) -> list[str]:
    """Different lines, drawn with a seed; fewer than `count` where there are no more."""
    chance = random.Random(seed)  # noqa: S311 - sampling, not secrecy
    lines: dict[str, None] = {}
    for _ in range(4 * count):
        if len(lines) == count:
            break
        frame = chance.choice(words["line"])
        lines[_SLOT.sub(lambda slot: chance.choice(words[slot[1]]), frame)] = None
    return list(lines)


def everyday_examples() -> Iterator[Example]:
    """Generated lines that are trained as harmless."""
    for name, count in _LINES.items():
        source = resources.files("training.risk").joinpath(name).read_text("utf-8")
        for text in everyday_lines(tomllib.loads(source), count):
            yield Example((Utterance(text),), RiskLevel.NONE, RiskLevel.NONE, EVERYDAY, EVERYDAY)


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


def own_talks_examples() -> Iterator[Example]:
    """Turns of people in our own talks, in which nobody is in danger, with what was said before.

    The writers whose talks are only measured on are not among them.
    """
    for talk in read_talks([name for name in writers() if name not in MEASURED_ONLY]):
        said: list[Utterance] = []
        for place, turn in enumerate(talk.dialogue.turns):
            by_bot = turn.role is not Role.CLIENT
            said.append(Utterance(turn.text, by_bot=by_bot))
            if not by_bot and place % TAKEN == 0:
                yield Example(
                    tuple(said),
                    RiskLevel.NONE,
                    RiskLevel.NONE,
                    OWN_TALKS,
                    talk.writer,
                    talk=OWN_TALKS if place else "",
                )
