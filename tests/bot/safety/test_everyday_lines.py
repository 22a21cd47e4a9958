"""Lines of ordinary days, put together from words that the first reader was not trained on."""

from __future__ import annotations

import itertools
import random
import re
import tomllib
from pathlib import Path

import pytest

from bot.safety import Assessment, RiskLevel, Utterance, assess
from tests.bot.safety.naming import wrong

WORDS = tomllib.loads(Path(__file__).with_name("everyday.toml").read_text("utf-8"))
SLOTS = {"time": "times", "place": "places", "company": "company", "alone": "alone", "act": "acts"}
OF_ONE_FRAME = 60


def lines_of(frame: str) -> list[str]:
    """Lines of one frame: all of them, or so many drawn with a seed."""
    slots = re.findall(r"\{(\w+)\}", frame)
    every = list(itertools.product(*(WORDS[SLOTS[slot]] for slot in slots)))
    chance = random.Random(7)
    drawn = chance.sample(every, min(OF_ONE_FRAME, len(every)))
    return [frame.format(**dict(zip(slots, words, strict=True))) for words in drawn]


@pytest.mark.parametrize("frame", WORDS["lines"], ids=range(len(WORDS["lines"])))
def test_an_ordinary_line_is_not_raised(frame: str) -> None:
    cases = lines_of(frame)
    is_quiet = lambda text: assess([Utterance(text)]) == Assessment(RiskLevel.NONE)  # noqa: E731
    assert wrong(cases, is_quiet) == []
