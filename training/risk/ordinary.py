"""How often ordinary talk raises a level: random client turns of SmileChat, by the detector."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

from bot.safety import RiskLevel, Utterance, assess
from training.corpora.dialogue import Role
from training.corpora.smile import read_smile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

SEED = 20260701
DRAWN = (2_000, 20_000)


def client_turns(path: Path) -> list[str]:
    """What clients say in a file of SmileChat, in its order."""
    return [
        turn.text
        for dialogue in read_smile(path)
        for turn in dialogue.turns
        if turn.role is Role.CLIENT
    ]


def shares(turns: Sequence[str]) -> Iterator[str]:
    """A line for each sample, with the share of each level; each turn is read by itself."""
    for count in DRAWN:
        drawn = random.Random(SEED).sample(turns, min(count, len(turns)))  # noqa: S311
        levels = Counter(assess([Utterance(text)]).level for text in drawn)
        told = ", ".join(
            f"{level.label} {levels[level]} = {levels[level] / max(1, len(drawn)):.2%}"
            for level in list(RiskLevel)[1:]
        )
        yield f"{len(drawn)} of {len(turns)} client turns: {told}"
