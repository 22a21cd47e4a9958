"""Ordinary talk: client turns of SmileChat, some trained as harmless, the others counted."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

from bot.safety import RiskLevel, Utterance, assess
from bot.safety.facts import message_facts
from training.corpora.dialogue import Role
from training.corpora.smile import read_smile
from training.risk.data import ORDINARY, Example

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from bot.safety import FirstReader

SEED = 20260701
DRAWN = (2_000, 20_000)
TRAINED = 2_500


def client_turns(path: Path) -> list[str]:
    """What clients say in a file of SmileChat, in its order."""
    return [
        turn.text
        for dialogue in read_smile(path)
        for turn in dialogue.turns
        if turn.role is Role.CLIENT
    ]


def ordinary_examples(turns: Sequence[str]) -> list[Example]:
    """Turns in which no rule sees anything, as harmless ones; nobody labelled them.

    None of the turns that `shares` counts is among them.
    """
    return [
        Example((Utterance(text),), RiskLevel.NONE, RiskLevel.NONE, ORDINARY, ORDINARY)
        for text in _drawn(turns)[DRAWN[-1] : DRAWN[-1] + TRAINED]
        if not message_facts(text).matched
    ]


def shares(
    turns: Sequence[str], reader: FirstReader | None = None, counts: Sequence[int] = DRAWN
) -> Iterator[str]:
    """A line for each sample, with the share of each level; each turn is read by itself."""
    read = reader.read if reader else assess
    for count in counts:
        drawn = _drawn(turns)[: min(count, DRAWN[-1])]
        levels = Counter(read([Utterance(text)]).level for text in drawn)
        told = ", ".join(
            f"{level.label} {levels[level]} = {levels[level] / max(1, len(drawn)):.2%}"
            for level in list(RiskLevel)[1:]
        )
        yield f"{len(drawn)} of {len(turns)} client turns: {told}"


def _drawn(turns: Sequence[str]) -> list[str]:
    return random.Random(SEED).sample(turns, min(DRAWN[-1] + TRAINED, len(turns)))  # noqa: S311
