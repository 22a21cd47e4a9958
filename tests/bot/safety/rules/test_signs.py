from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from bot.safety.rules import RULES
from bot.safety.rules import RULES as HIGH

if TYPE_CHECKING:
    from collections.abc import Iterable

PARSE = import_module("re._parser").parse  # how `re` itself reads a pattern


def signs_of(rule: Any) -> frozenset[str]:
    return frozenset(rule.signs.pattern[1:-1])


def needs_one(items: Iterable[Any], signs: frozenset[str]) -> bool:
    """Whether everything that a parsed pattern matches has one of the characters."""
    return any(item_needs_one(str(kind), value, signs) for kind, value in items)


def item_needs_one(kind: str, value: Any, signs: frozenset[str]) -> bool:
    match kind:
        case "LITERAL":
            return chr(value) in signs
        case "IN":
            return all(str(one) == "LITERAL" and chr(sign) in signs for one, sign in value)
        case "BRANCH":
            return all(needs_one(way, signs) for way in value[1])
        case "SUBPATTERN":
            return needs_one(value[3], signs)
        case "MAX_REPEAT" | "MIN_REPEAT":
            return value[0] > 0 and needs_one(value[2], signs)
    return False  # what is looked for around a place, and sets of what must not stand there


WITH_SIGNS = [rule for rule in RULES if rule.signs is not None]


@pytest.mark.parametrize("rule", WITH_SIGNS, ids=lambda rule: rule.name)
def test_whatever_a_rule_matches_has_one_of_its_signs(rule: Any) -> None:
    assert needs_one(PARSE(rule.pattern.pattern), signs_of(rule))


def test_the_proof_sees_a_way_without_a_sign() -> None:
    relief = next(rule for rule in HIGH if rule.name == "death_as_relief")
    assert not needs_one(PARSE(f"{relief.pattern.pattern}|解脱了"), signs_of(relief))
    assert not needs_one(PARSE("(?=死)来|死?"), signs_of(relief))
