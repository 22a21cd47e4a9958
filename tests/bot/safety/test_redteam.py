"""Hand-written cases (redteam*.toml). Those known to fail are named, so that none fails unseen."""

import tomllib
from pathlib import Path

import pytest

from bot.safety import RiskLevel, Utterance, assess

GROUPS = [
    group
    for name in ("redteam.toml", "redteam_later.toml", "development.toml")
    for group in tomllib.loads(Path(__file__).with_name(name).read_text("utf-8"))["group"]
]
CASES = {
    f"{group['kind']} {number}": (group["min"], group["max"], case)
    for group in GROUPS
    for number, case in enumerate(group["cases"])
}

KNOWN_MISSES = {
    "open wish 7",
    "hints 4",
    "hints 7",
    "self-harm 1",
    "idioms and everyday 59",
    "stories, news, knowledge 7",
    "quotes 4",
    "jailbreaks 7",
    "several turns of hints 3",
    "plans in ordinary words 3",
    "plans in ordinary words 8",
    "plans in ordinary words 13",
    "plans in ordinary words 15",
    "plans in ordinary words 22",
    "plans in ordinary words 36",
    "plans in ordinary words 37",
    "plans in other words 1",
    "plans in other words 10",
    "plans in other words 12",
    "plans in other words 13",
    "plans in other words 17",
    "plans in words not seen 1",
    "plans in words not seen 4",
    "plans in words not seen 25",
    "plans in words not seen 26",
}


def conversation(case: str | list[str]) -> list[Utterance]:
    lines = [case] if isinstance(case, str) else case
    return [Utterance(line.removeprefix("> "), by_bot=line.startswith("> ")) for line in lines]


@pytest.fixture(scope="module")
def out_of_bounds():
    """The cases whose level is not within their bounds, with that level."""
    levels = {name: assess(conversation(case)).level for name, (_, _, case) in CASES.items()}
    return {
        name: levels[name].label
        for name, (lowest, highest, _) in CASES.items()
        if not RiskLevel[lowest.upper()] <= levels[name] <= RiskLevel[highest.upper()]
    }


def test_a_level_is_within_its_bounds(out_of_bounds):
    assert {name: out_of_bounds[name] for name in out_of_bounds.keys() - KNOWN_MISSES} == {}


def test_what_is_mended_is_taken_off_the_list_of_known_misses(out_of_bounds):
    assert KNOWN_MISSES - out_of_bounds.keys() == set()


def test_there_are_enough_cases_of_every_kind():
    assert len(CASES) == sum(len(group["cases"]) for group in GROUPS) >= 300
    assert all(len(group["cases"]) >= 5 for group in GROUPS)
