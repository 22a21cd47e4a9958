from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bot.locales import Language
from bot.safety import Assessment, BatchError, RiskLevel, card, safety_report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.safety import Utterance


def test_lines_come_out_in_order_with_levels_and_reasons() -> None:
    lines = ['{"text": "今天很累"}\n', "\n", '{"text": "我不想活了"}\n']
    first, second = safety_report(lines)
    assert first == {"level": "none", "axes": [], "who": "nobody", "reasons": []}
    assert second["level"] == "high"
    assert second["reasons"] == ["no_wish_to_live"]
    assert second["axes"] == ["suicide"]
    assert second["who"] == "self"


def test_a_conversation_is_judged_by_what_the_person_wrote() -> None:
    messages = [
        {"role": "user", "content": "最近睡不好"},
        {"role": "assistant", "content": "有人会对我说：我不想活了。"},
        {"role": "user", "content": "就是累"},
    ]
    (verdict,) = safety_report([json.dumps({"messages": messages})])
    assert verdict["level"] == "none"


def test_a_conversation_remembers_what_was_said_before() -> None:
    messages = [{"role": "user", "content": text} for text in ("我想自杀", "算了，说说别的")]
    (verdict,) = safety_report([json.dumps({"messages": messages})])
    assert (verdict["level"], verdict["reasons"]) == ("concern", ["said_before"])


def test_a_conversation_without_the_person_has_no_risk() -> None:
    (verdict,) = safety_report(['{"messages": [{"role": "assistant", "content": "你好"}]}'])
    assert verdict["level"] == "none"


def test_a_file_of_plain_lines_holds_a_message_a_line() -> None:
    first, second = safety_report(["我不想活了\n", "{今天下雨了\n"])
    assert (first["level"], second["level"]) == ("high", "none")


def test_a_talk_has_a_level_at_every_message_of_the_person() -> None:
    talk = [
        {"role": "user", "content": "今天下雨了"},
        {"role": "assistant", "content": "嗯，下了一天。"},
        {"role": "user", "content": "我不想活了"},
        {"role": "system", "content": "我要跳了"},
    ]
    (verdict,) = safety_report([json.dumps({"messages": talk})])
    assert verdict["levels"] == ["none", "high"]


@pytest.mark.parametrize(
    ("mark", "reply", "level"),
    [
        ("[q-suicide]", "想过", "high"),
        ("你是不是想到了死，或者想伤害自己？", "想过", "high"),
        ("[q-safe]", "不安全", "high"),
        ("[checkin]", "更糟了", "concern"),
        ("[card]", "已经吃了一瓶", "imminent"),
        ("[card-violence]", "就今晚", "imminent"),
        (card(RiskLevel.HIGH, Language.ZH_CN), "就今晚", "imminent"),
    ],
)
def test_a_reply_is_read_with_the_card_or_question_that_its_mark_stands_for(
    mark: str, reply: str, level: str
) -> None:
    talk = [{"role": "assistant", "content": mark}, {"role": "user", "content": reply}]
    (verdict,) = safety_report([json.dumps({"messages": talk})])
    assert verdict["level"] == level


def test_what_another_reader_says_is_what_the_person_is_in_at_the_next_message() -> None:
    asked: list[RiskLevel] = []

    def reads(said: Sequence[Utterance], standing: RiskLevel) -> Assessment:
        asked.append(standing)
        return Assessment(RiskLevel.HIGH)

    talk = [{"role": "user", "content": text} for text in ("风很大", "我开玩笑的", "好吧")]
    list(safety_report([json.dumps({"messages": talk})], reads))
    assert asked == [RiskLevel.NONE, RiskLevel.HIGH, RiskLevel.CONCERN]


def test_lines_are_read_one_at_a_time() -> None:
    def endless():
        while True:
            yield '{"text": "你好"}'

    assert next(safety_report(endless()))["level"] == "none"


@pytest.mark.parametrize(
    "line",
    [
        "我的秘密",
        '{"text": 3, "other": "我的秘密"}',
        '{"messages": []}',
        '{"messages": [{"role": "user"}], "other": "我的秘密"}',
        '["我的秘密"]',
        '{"text": "我的秘密", "level": "terrible"}',
    ],
)
def test_a_line_that_cannot_be_read_is_named_by_number_without_its_text(line: str) -> None:
    with pytest.raises(BatchError, match="line 2") as caught:
        list(safety_report(['{"text": "你好"}', line]))
    assert "秘密" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
