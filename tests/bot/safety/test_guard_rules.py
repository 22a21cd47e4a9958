"""Every way of every rule of the guard, held against the words beside it."""

from __future__ import annotations

import pytest

from bot.safety.guard import GuardContext
from bot.safety.guard.rules import RULES, Block
from bot.safety.guard.span import counts
from bot.safety.normalize import normalize
from bot.safety.rules import Rule, one_by_one

WAYS = [pytest.param(way, id=way.name) for way in one_by_one(RULES)]


def is_caught(way: Rule[Block], words: str) -> bool:
    """Whether this way alone blocks words said to a person to whom its rule applies."""
    text = normalize(words)
    about = GuardContext(way.meaning.from_level, is_minor=way.meaning.minors_only)
    return any(counts(way.meaning, match, text, about) for match in way.pattern.finditer(text))


@pytest.mark.parametrize("way", WAYS)
def test_a_way_catches_its_example(way: Rule[Block]) -> None:
    (only,) = way.ways
    assert is_caught(way, only.catches)


@pytest.mark.parametrize("way", WAYS)
def test_a_way_spares_words_that_only_look_like_it(way: Rule[Block]) -> None:
    (only,) = way.ways
    assert not is_caught(way, only.spares)


def test_names_are_unique() -> None:
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names)
