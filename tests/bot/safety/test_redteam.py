"""Hand-written cases (redteam.toml). Those known to fail are named, so that none fails unseen."""

import tomllib
from pathlib import Path

import pytest

from bot.safety import RiskLevel, Said, assess

GROUPS = tomllib.loads(Path(__file__).with_name("redteam.toml").read_text("utf-8"))["group"]
CASES = [
    pytest.param(group["min"], group["max"], case, id=f"{group['kind']} {number}")
    for group in GROUPS
    for number, case in enumerate(group["cases"])
]

KNOWN_MISSES = {
    "open wish 7",
    "hints 4",
    "hints 7",
    "hints 22",
    "self-harm 1",
    "negation 7",
    "idioms and everyday 4",
    "idioms and everyday 49",
    "idioms and everyday 59",
    "stories, news, knowledge 3",
    "stories, news, knowledge 7",
    "stories, news, knowledge 11",
    "quotes 4",
    "jailbreaks 7",
    "several turns of hints 3",
}


def conversation(case: str | list[str]) -> list[Said]:
    lines = [case] if isinstance(case, str) else case
    return [Said(line.removeprefix("> "), by_bot=line.startswith("> ")) for line in lines]


@pytest.mark.parametrize(("lowest", "highest", "case"), CASES)
def test_a_level_is_within_its_bounds(lowest, highest, case, request):
    level = assess(conversation(case)).level
    within = RiskLevel[lowest.upper()] <= level <= RiskLevel[highest.upper()]
    if request.node.callspec.id in KNOWN_MISSES:
        assert not within, "mended: take it off the list of known misses"
    else:
        assert within, level.label


def test_there_are_enough_cases_of_every_kind():
    assert len(CASES) >= 300
    assert all(len(group["cases"]) >= 5 for group in GROUPS)
