"""What a rule is: a name, a level and the ways to say it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.safety.levels import RiskLevel

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Rule:
    """A name that may be counted and shown to an operator, a level, and a pattern."""

    name: str
    level: RiskLevel
    pattern: re.Pattern[str] = field(repr=False)
    family: str
    signs: re.Pattern[str] = field(repr=False)
    """One character, of which every text that `pattern` matches has at least one: most texts have
    none, and to see that takes a small part of the time of `pattern`."""
    fades: bool = False
    """Whether it is only a concern when it was long ago, or dreamt."""


def rule(name: str, level: RiskLevel, signs: str, *ways: str, fades: bool | None = None) -> Rule:
    """A rule with the ways to say it: regular expressions over normalized text.

    Nothing that a way matches may be without all of the characters in `signs`: a test proves it.
    """
    fades = level is RiskLevel.HIGH if fades is None else fades
    pattern = re.compile("|".join(ways))
    return Rule(name, level, pattern, name, re.compile(f"[{signs}]"), fades)


def one_by_one(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """A rule for every way to say it, with a name of its own: what each contributes."""
    return tuple(
        Rule(f"{one.name}_{number}", one.level, re.compile(way), one.name, one.signs, one.fades)
        for one in rules
        for number, way in enumerate(_alternatives(one.pattern.pattern))
    )


def _alternatives(pattern: str) -> Iterator[str]:
    """The parts of a pattern between bars that stand in no group and no set."""
    start = depth = 0
    in_set = False
    for token in re.finditer(r"\\.|[\[\]()|]", pattern):
        sign = token[0]
        if in_set:
            in_set = sign != "]"
        elif sign == "[":
            in_set = True
        elif sign in "()":
            depth += 1 if sign == "(" else -1
        elif sign == "|" and not depth:
            yield pattern[start : token.start()]
            start = token.end()
    yield pattern[start:]
