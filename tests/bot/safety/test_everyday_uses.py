"""What is done every day with things and at places that could also be a danger."""

from __future__ import annotations

import itertools
import random
import re
import tomllib
from pathlib import Path

import pytest

from bot.locales import Language
from bot.safety import RiskLevel, Utterance, assess, card
from bot.safety.evidence import without_daily_uses
from tests.bot.safety.naming import wrong

WORDS = tomllib.loads(Path(__file__).with_name("everyday_uses.toml").read_text("utf-8"))
OF_ONE_FRAME = 40
MOST_RAISED = 2
IN_DANGER = [
    Utterance("我不想活了"),
    Utterance(card(RiskLevel.HIGH, Language.ZH_CN), by_bot=True),
]


def lines_of(frame: str) -> list[str]:
    """Lines of one frame, drawn with a seed."""
    slots = re.findall(r"\{(\w+)\}", frame)
    every = list(itertools.product(*(WORDS[slot] for slot in slots)))
    drawn = random.Random(11).sample(every, min(OF_ONE_FRAME, len(every)))
    return [frame.format(**dict(zip(slots, words, strict=True))) for words in drawn]


FRAMES = pytest.mark.parametrize("frame", WORDS["lines"], ids=range(len(WORDS["lines"])))


@FRAMES
def test_hardly_a_line_is_raised(frame: str) -> None:
    is_quiet = lambda text: assess([Utterance(text)]).level is RiskLevel.NONE  # noqa: E731
    assert len(wrong(lines_of(frame), is_quiet)) <= MOST_RAISED


@FRAMES
def test_none_is_imminent_of_somebody_at_high(frame: str) -> None:
    def is_calm(text: str) -> bool:
        alone = assess([Utterance(text)], RiskLevel.HIGH)
        after_card = assess([*IN_DANGER, Utterance(text)])
        return max(alone.level, after_card.level) < RiskLevel.IMMINENT

    assert len(wrong(lines_of(frame), is_calm)) <= MOST_RAISED


@pytest.mark.parametrize(
    "grave",
    [
        "吃了一瓶药和面包",
        "喝了两瓶农药",
        "喝着茶把安眠药都吃了",
        "绳子绑在梁上",
        "袖子里全是血",
        "拿刀划手腕",
        "他叫我去死",
        "在江边把鞋摆好了",
    ],
)
def test_a_daily_use_takes_no_grave_word_with_it(grave: str) -> None:
    left = without_daily_uses(grave)
    kept = ("药", "绳", "血", "刀", "死", "鞋")
    assert {word for word in kept if word in grave} == {word for word in kept if word in left}
