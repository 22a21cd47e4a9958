"""What must hold of whole families of sentences: made here from parts, not written one by one."""

from __future__ import annotations

from itertools import product

import pytest

from bot.safety import RiskLevel, Utterance, assess
from tests.bot.safety.naming import wrong

GRAVE = [
    "我想死",
    "不想活了",
    "我想自杀",
    "想从楼上跳下去",
    "我割了手腕",
    "活着没意思",
    "我今晚就去死",
    "药我已经攒够了",
    "遗书写好了",
    "想结束生命",
    "死了就解脱了",
    "好想消失",
]
DENIED = [
    "我没有生病",
    "我不想吃饭",
    "不会有人来",
    "不要担心我",
    "从来没有人爱我",
    "我不会告诉他们",
    "不是开玩笑",
    "我不想死",
    "我没有自杀",
    "别管我",
    "我不打算去上班",
    "没有想过自杀",
]
CLAUSE_ENDS = ["，", "。", "！", "\n", " ", "　", "…"]

OBJECTIONS = ["想死", "真想死", "好想死", "打算去死", "我要去死"]
GOES_ON = [
    "机会都没有",
    "心已经凉了",
    "心里很平静",
    "活着太累",
    "活下去没用",
    "海里没人",
    "因为太累",
    "角落里没人管",
]

DRAWN_OUT = [
    ("我想", "死", ""),
    ("我", "想", "死"),
    ("好想", "死", "啊"),
    ("不想", "活", "了"),
    ("想自", "杀", ""),
]

THINGS_WITHOUT_A_VOICE = [
    "手机应用",
    "电视广告",
    "神话里",
    "鬼故事",
    "魔术师",
    "神经病医院",
    "广播体操",
]
ORDINARY_JUMPS = ["让我跳绳", "让我跳舞", "让我跳远", "让我跳过这一步", "叫我跳操"]
VOICES = ["耳边的声音", "手机里的声音", "电视里有人", "墙里的人", "有个鬼", "有个神"]
ORDERS = ["叫我去死", "让我跳楼", "命令我跳下去", "催我自杀"]


def level(text: str) -> RiskLevel:
    return assess([Utterance(text)]).level


def test_a_denial_reaches_to_the_end_of_its_clause() -> None:
    alone = {grave: level(grave) for grave in GRAVE}
    cases = list(product(DENIED, CLAUSE_ENDS, GRAVE))
    before = [(f"{denied}{end}{grave}", alone[grave]) for denied, end, grave in cases]
    after = [(f"{grave}{end}{denied}", alone[grave]) for denied, end, grave in cases]
    assert wrong(before, lambda case: level(case[0]) >= case[1]) == []
    assert wrong(after, lambda case: level(case[0]) >= case[1]) == []


def test_an_idiom_does_not_eat_a_wish_whose_next_word_only_begins_like_it() -> None:
    wishes = map("".join, product(OBJECTIONS, GOES_ON))
    assert wrong(wishes, lambda text: level(text) >= RiskLevel.HIGH) == []


def test_a_word_that_is_drawn_out_is_the_same_word() -> None:
    drawn_out = [
        before + drawn * again + after
        for before, drawn, after in DRAWN_OUT
        for again in range(1, 9)
    ]
    assert wrong(drawn_out, lambda text: level(text) >= RiskLevel.HIGH) == []


def test_a_thing_that_has_no_voice_commands_nothing() -> None:
    said = map("".join, product(THINGS_WITHOUT_A_VOICE, ORDINARY_JUMPS))
    assert wrong(said, lambda text: level(text) is RiskLevel.NONE) == []


def test_a_voice_that_commands_a_death_is_heard() -> None:
    said = map("".join, product(VOICES, ORDERS))
    assert wrong(said, lambda text: level(text) >= RiskLevel.CONCERN) == []


@pytest.mark.parametrize("verb", ["逼", "害", "折磨"])
def test_a_curse_is_meant_where_the_writer_is_meant(verb: str) -> None:
    assert level(f"把我{verb}死你们就满意了") >= RiskLevel.CONCERN
    assert level(f"作业{verb}死我了") is RiskLevel.NONE
    assert level("像我这种人就该死") >= RiskLevel.CONCERN
    assert level("这该死的天气") is RiskLevel.NONE


@pytest.mark.parametrize(
    "text",
    [
        "手机快死机了",
        "电脑又要死机",
        "我死心了",
        "想去死海旅游",
        "他死活不肯",
        "死死地盯着",
        "死因不明",
    ],
)
def test_an_idiom_is_still_one(text: str) -> None:
    assert level(text) is RiskLevel.NONE
