"""Every way of every rule of the guard, held against the words beside it."""

from __future__ import annotations

import pytest

from bot.safety.guard import BlockReason, GuardContext, judge
from bot.safety.guard.anchors import may_begin_a_hit
from bot.safety.guard.rules import RULES, BlockMeaning
from bot.safety.guard.span import counts
from bot.safety.normalize import normalize
from bot.safety.rules import Rule, one_by_one
from bot.safety.vocabulary import words

Ways = tuple[Rule[BlockMeaning], ...]


@pytest.fixture(scope="module")
def ways() -> Ways:
    """Compiled where they are used, not by every worker that only collects."""
    return one_by_one(RULES)


def is_caught(way: Rule[BlockMeaning], words: str) -> bool:
    """Whether this way alone blocks words said to a person to whom its rule applies."""
    text = normalize(words)
    about = GuardContext(way.meaning.from_level, is_minor=way.meaning.minors_only)
    return any(counts(way.meaning, match, text, about) for match in way.pattern.finditer(text))


def test_a_way_catches_its_example(ways: Ways) -> None:
    assert [way.name for way in ways if not is_caught(way, way.ways[0].catches)] == []


def test_a_way_spares_words_that_only_look_like_it(ways: Ways) -> None:
    assert [way.name for way in ways if is_caught(way, way.ways[0].spares)] == []


def test_names_are_unique() -> None:
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names)


def test_words_blocked_for_everybody_hold_an_anchor(ways: Ways) -> None:
    """Without one a clause is shown unread."""
    for_everybody = [way for way in ways if way.meaning.from_level == 0]
    assert [way.name for way in for_everybody if not may_begin_a_hit(way.ways[0].catches)] == []


@pytest.mark.parametrize("name", ["medicine", "medicine_other", "medicine_english", "method"])
def test_every_word_that_is_blocked_for_everybody_is_an_anchor(name: str) -> None:
    assert [word for word in words(name) if not may_begin_a_hit(word)] == []


@pytest.mark.parametrize("text", ["请打一三五七九。", "我这边的號碼，打一三五七九。"])
def test_a_number_in_chinese_digits_is_read_even_where_no_other_word_calls_for_it(
    text: str,
) -> None:
    assert judge(text) is BlockReason.CONTACT
