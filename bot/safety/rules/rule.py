"""What a rule is: a name, what it means, and the ways to say it."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import resources
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from bot.safety.vocabulary import compiled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Meaning = TypeVar("Meaning")


@dataclass(frozen=True, slots=True)
class Way:
    """One way to say what a rule looks for, with words that it catches and words that it spares.

    The second look like the first and mean something else. A test reads both.
    """

    pattern: str
    catches: str
    spares: str


@dataclass(frozen=True)
class Rule(Generic[Meaning]):
    """A name that may be counted and shown to an operator, never chat text; and what it means."""

    name: str
    meaning: Meaning
    ways: tuple[Way, ...] = field(repr=False)
    family: str
    """The rule itself, where `name` is one way of it."""
    signs: re.Pattern[str] | None = field(default=None, repr=False)
    """One character, of which every text that `pattern` matches has at least one (a test proves
    it): most texts have none, and to see that takes a small part of the time of `pattern`."""

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """All its ways, compiled when first asked for: all rules take a third of a second."""
        return compiled("|".join(way.pattern for way in self.ways))


def read_rules(
    package: str, file: str, meaning: Callable[[dict[str, Any]], Meaning]
) -> tuple[Rule[Meaning], ...]:
    """The rules of a TOML file in a package, in its order.

    A [[rule]] has a `name`, perhaps `signs`, `ways` (pattern, what it catches, what it spares; see
    `bot.safety.vocabulary`), and what `meaning` makes of its other keys.
    """
    record = tomllib.loads(resources.files(package).joinpath(file).read_text("utf-8"))
    return tuple(_rule(entry, meaning) for entry in record["rule"])


def one_by_one(rules: Iterable[Rule[Meaning]]) -> tuple[Rule[Meaning], ...]:
    """A rule for every way to say it, with a name of its own: what each contributes."""
    return tuple(
        replace(rule, name=f"{rule.name}_{number}", ways=(way,))
        for rule in rules
        for number, way in enumerate(rule.ways)
    )


def _rule(entry: dict[str, Any], meaning: Callable[[dict[str, Any]], Meaning]) -> Rule[Meaning]:
    name, signs = str(entry.pop("name")), entry.pop("signs", None)
    ways = tuple(Way(*way) for way in entry.pop("ways"))
    return Rule(
        name=name,
        meaning=meaning(entry),
        ways=ways,
        family=name,
        signs=re.compile(f"[{signs}]") if signs else None,
    )
