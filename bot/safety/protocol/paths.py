"""The paths of the protocol as they are written down in steps.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import product
from typing import TYPE_CHECKING, Any

from bot.safety.levels import RiskLevel
from bot.safety.protocol.dangers import Danger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SAY = "say:"
"""How a lead begins that is a sentence and no question."""

Situation = tuple[Danger, RiskLevel]

_WITH_CARD = (RiskLevel.HIGH, RiskLevel.IMMINENT)
_LED_BY = frozenset({"dangers", "level"})


@dataclass(frozen=True, slots=True)
class Paths:
    """steps.toml. Leads and rests are by danger and level, the rest by the ids of questions."""

    paths: Mapping[Situation, Sequence[str]]
    leads: Mapping[Situation, Mapping[str, Mapping[str, Sequence[str]]]]
    first: Sequence[str]
    moot: Mapping[str, Mapping[str, Sequence[str]]]
    same: Sequence[frozenset[str]]
    """Questions that ask one fact in several words."""
    anew: frozenset[str]
    asides: Mapping[str, str]
    back: Mapping[Danger, str]
    """What who comes back after an episode is asked first."""
    help: Mapping[Danger, Sequence[str]]
    """What is asked beside the numbers of who calls for help."""
    follow_ups: Mapping[str, Sequence[str]]
    """By the open question they follow."""
    leads_at_concern: Mapping[str, Mapping[str, Sequence[str]]]
    rest_at_concern: Sequence[str]
    rest: Mapping[Situation, Sequence[str]]
    rest_eased: Sequence[str]

    def alike(self, known: set[str]) -> set[str]:
        """`known` and all questions that ask one of these facts in other words."""
        return known.union(*(group for group in self.same if not known.isdisjoint(group)))


@cache
def paths() -> Paths:
    """The paths, read once."""
    record = tomllib.loads(resources.files(__package__).joinpath("steps.toml").read_text("utf-8"))
    by_danger = {
        (Danger(entry["danger"]), level): tuple(entry["questions"])
        for entry in record["path"]
        for level in _levels(entry)
    }
    leads: dict[Situation, dict[str, dict[str, Sequence[str]]]] = {key: {} for key in by_danger}
    for entry in record["leads"]:
        led = {question: to for question, to in entry.items() if question not in _LED_BY}
        for situation in _situations(entry):
            for question, to in led.items():
                leads[situation].setdefault(question, {}).update(to)
    concern = record["concern"]
    return Paths(
        by_danger,
        leads,
        first=tuple(record["first"]),
        moot=record["moot"],
        same=tuple(map(frozenset, record["same"])),
        anew=frozenset(record["anew"]),
        asides=record["aside"],
        back={Danger(danger): question for danger, question in record["back"].items()},
        help={Danger(danger): tuple(ids) for danger, ids in record["help"].items()},
        follow_ups=concern["open"],
        leads_at_concern=concern["leads"],
        rest_at_concern=tuple(concern["rest"]),
        rest={
            situation: tuple(entry["words"])
            for entry in record["rest"]
            for situation in _situations(entry)
        },
        rest_eased=tuple(record["eased"]["words"]),
    )


def _situations(entry: Mapping[str, Any]) -> list[Situation]:
    return list(product(map(Danger, entry["dangers"]), _levels(entry)))


def _levels(entry: Mapping[str, Any]) -> Sequence[RiskLevel]:
    return [RiskLevel[entry["level"].upper()]] if "level" in entry else _WITH_CARD
