"""What is trained says imminent only where a message itself speaks of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.safety import RiskLevel, Utterance, assess
from bot.safety.detector import FirstReader
from bot.safety.evidence import Evidence
from bot.safety.facts import LEVELS, message_facts
from bot.safety.trees import Trees
from bot.safety.weights import weights
from tests.bot.safety.naming import wrong
from tests.bot.safety.test_everyday_lines import WORDS, lines_of

# Who and what is around on ordinary days, told without a grave kind of word.
WHO = ["我儿子", "隔壁大爷", "他", "我们班长", "宿管阿姨", "外面三个人", "她昨天"]
DOES = [
    "把我十年前的吉他翻出来了",
    "在里面喊疼，我站在走廊上",
    "给我寄了一箱鸡腿，真空的",
    "在楼道里跺脚，灯一会亮一会暗",
    "说面馆快开不下去了",
    "从门缝塞了五十进来",
    "坐在阳台，泡了壶茶",
]
THINGS_AT_HAND = ["吉他", "旧箱子", "相册", "毛衣", "奖状", "小时候的作文", "游戏机"]


@pytest.fixture(scope="module")
def alarmed() -> FirstReader:
    """A reader whose trees call every message imminent."""
    sure = Trees(start=9.0, trees=())
    return FirstReader(replace(weights(), trees=dict.fromkeys(LEVELS, sure)))


def is_light(text: str) -> bool:
    return message_facts(text).evidence is not Evidence.SIGNED


def test_trees_call_nothing_imminent_without_a_grave_word(alarmed: FirstReader) -> None:
    lines = [line for frame in WORDS["lines"] for line in lines_of(frame)[:20] if is_light(line)]
    assert len(lines) > 100
    read = lambda line: alarmed.read([Utterance(line)]).level < RiskLevel.IMMINENT  # noqa: E731
    assert wrong(lines, read) == []


def test_trees_may_call_imminent_what_a_grave_word_stands_in(alarmed: FirstReader) -> None:
    assert alarmed.read([Utterance("我在楼顶，手机快没电")]).level is RiskLevel.IMMINENT


def test_who_is_in_danger_already_needs_no_grave_word(alarmed: FirstReader) -> None:
    said = [Utterance("盖子拧开放在枕头边")]
    assert alarmed.read(said).level < RiskLevel.IMMINENT
    assert alarmed.read(said, RiskLevel.HIGH).level is RiskLevel.IMMINENT


def test_what_goes_on_around_is_not_imminent() -> None:
    told = [f"{who}{does}" for who in WHO for does in DOES]
    found = [f"我把{thing}翻出来了" for thing in THINGS_AT_HAND]
    is_quiet = lambda text: assess([Utterance(text)]).level < RiskLevel.IMMINENT  # noqa: E731
    assert wrong([*told, *found], is_quiet) == []
