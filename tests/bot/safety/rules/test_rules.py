"""Every way of every rule, held against the words beside it: what it catches, what it spares."""

from __future__ import annotations

import pytest

from bot.safety.levels import RiskLevel
from bot.safety.matching import matches, reading
from bot.safety.rules import BARE_SIGNS, RULES, RiskMeaning, Rule, one_by_one

Ways = tuple[Rule[RiskMeaning], ...]


@pytest.fixture(scope="module")
def ways() -> Ways:
    """Compiled where they are used, not by every worker that only collects."""
    return one_by_one((*RULES, *BARE_SIGNS))


def is_caught(way: Rule[RiskMeaning], words: str) -> bool:
    """Whether this way alone raises a level."""
    return any(found.level > RiskLevel.NONE for found in matches(reading(words), [way]))


def test_a_way_catches_its_example(ways: Ways) -> None:
    assert [way.name for way in ways if not is_caught(way, way.ways[0].catches)] == []


def test_a_way_spares_words_that_only_look_like_it(ways: Ways) -> None:
    assert [way.name for way in ways if is_caught(way, way.ways[0].spares)] == []


def test_an_example_stands_beside_one_way_only() -> None:
    caught = [way.catches for rule in (*RULES, *BARE_SIGNS) for way in rule.ways]
    assert len(set(caught)) == len(caught)


def test_names_are_unique() -> None:
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names)
