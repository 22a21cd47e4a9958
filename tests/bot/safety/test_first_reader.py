"""What the first reader says beside a level, and what it makes of what a person is in."""

from __future__ import annotations

import pytest

from bot.locales import Language
from bot.safety import Axis, RiskLevel, Utterance, Who, assess, card, first_reader, prepare
from bot.safety.rules import BARE_SIGNS, RULES
from bot.safety.signals import SIGNALS

CARD = Utterance(card(RiskLevel.HIGH, Language.ZH_CN), by_bot=True)


@pytest.mark.parametrize(
    ("text", "axis"),
    [
        ("我不想活了", Axis.SUICIDE),
        ("刚把家里的布洛芬都吃了，大概三十多片", Axis.BODY),
        ("老公掐着我脖子", Axis.HARM),
        ("那个声音让我打开窗户，说出去就自由了", Axis.VOICES),
        ("我想把他杀了", Axis.THREAT),
    ],
)
def test_an_axis_stands_beside_the_level(text: str, axis: Axis) -> None:
    assert axis in assess([Utterance(text)]).axes


def test_without_danger_there_is_no_axis_and_nobody() -> None:
    found = assess([Utterance("周末和朋友去爬山，很开心")])
    assert (found.level, found.axes, found.who) == (RiskLevel.NONE, frozenset(), Who.NOBODY)


def test_who_is_in_danger_stands_beside_the_level() -> None:
    assert assess([Utterance("我不想活了")]).who is Who.SELF
    assert assess([Utterance("我朋友刚发消息说她吃了药，不回我了")]).who is Who.OTHER


@pytest.mark.parametrize(
    "text", ["我在桥上", "刀就在手里", "已经吃了一瓶", "割了手", "谢谢你，再见了", "就今晚"]
)
def test_a_bare_sign_of_somebody_at_high_is_imminent(text: str) -> None:
    said = [Utterance(text)]
    assert assess(said, RiskLevel.HIGH).level is RiskLevel.IMMINENT
    assert assess([Utterance("嗯"), CARD, *said]).level is RiskLevel.IMMINENT


@pytest.mark.parametrize("text", ["我已经吃饭了", "我妈来了，陪着我", "药都交给我姐了", "警察来了"])
def test_what_is_no_sign_is_not_imminent_at_high(text: str) -> None:
    assert assess([Utterance(text)], RiskLevel.HIGH).level < RiskLevel.IMMINENT


def test_taking_back_lowers_by_one_step() -> None:
    said = [Utterance("刚才是气话")]
    assert assess(said, RiskLevel.HIGH).level is RiskLevel.CONCERN
    assert assess(said, RiskLevel.IMMINENT).level is RiskLevel.HIGH
    assert assess(said).level <= RiskLevel.CONCERN


def test_scores_are_of_the_last_message() -> None:
    grave = first_reader().scores([Utterance("我不想活了")])
    light = first_reader().scores([Utterance("我不想活了"), Utterance("周末去爬山")])
    assert set(grave) == {"concern", "high", "imminent"}
    assert grave["high"] > light["high"]
    assert first_reader().scores([]) == {}


def test_after_it_is_prepared_no_message_waits_for_a_pattern() -> None:
    prepare()
    compiled = [one.pattern for one in (*RULES, *BARE_SIGNS, *SIGNALS)]
    assert all(one.__dict__["pattern"] for one in (*RULES, *BARE_SIGNS, *SIGNALS))
    assert len(compiled) > 100
