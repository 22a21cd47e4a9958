"""No model holds anybody back, and none plays at closeness with a minor: generated forms."""

from __future__ import annotations

from itertools import product

import pytest

from bot.safety.guard import BlockReason, GuardContext, judge

MINOR, ADULT = GuardContext(is_minor=True), GuardContext()

HOLDING = [
    *(
        f"{a}{b}{c}"
        for a, b, c in product(("", "求你"), ("别走", "不要走", "先别走"), ("。", "啊，好吗？"))
    ),
    *(
        "再陪我聊一会儿吧。",
        "这么快就要走了吗？",
        "你走了我会很想你的。",
        "不要离开我。",
        "请不要离开我，好吗？",
    ),
    *("Please don't go yet.", "Leaving already?", "Stay with me a little longer."),
]
CLOSE = [
    *(
        f"我{a}想你{b}"
        for a, b in product(("好", "真的好", "一直", "每天都"), ("。", "啊！", "了。"))
    ),
    *("我会等你回来。", "记得明天一定要来找我哦。", "你对我来说很特别。", "我最喜欢和你聊天了。"),
    *(
        "我们的关系真的很特别。",
        "只有我懂你。",
        "我会永远陪着你。",
        "你不在的时候我好寂寞。",
        "早点回来哦。",
    ),
    *(
        "I missed you!",
        "Come back soon, okay?",
        "I'll be waiting for you.",
        "I love talking to you.",
    ),
    *("You are so special to me.", "I'm so lonely without you."),
]
KIND = [
    *(
        "我在听，你慢慢说。",
        "你想念她，这很自然。",
        "听起来你很孤单。",
        "想睡就去睡吧，晚安。",
        "可以和妈妈说说吗？",
    ),
    *(
        "这件事对你来说很重要。",
        "你一直在照顾别人。",
        "明天上课前，先吃点东西。",
        "Take care, good night.",
    ),
    *(
        "走在路上小心。",
        "别走那条黑的路。",
        "老师会等你说完的。",
        "他走了以后你很想他。",
        "You miss your friend.",
    ),
]


@pytest.mark.parametrize("words", HOLDING)
def test_nobody_is_held_back(words: str) -> None:
    assert judge(f"嗯。{words}", ADULT) is BlockReason.BONDING


@pytest.mark.parametrize("words", CLOSE)
def test_with_a_minor_no_closeness_is_played_at(words: str) -> None:
    assert judge(f"嗯，我听到了。{words}", MINOR) is BlockReason.BONDING
    said = GuardContext(said=("我今年十三岁",))
    assert judge(words, said) is BlockReason.BONDING


@pytest.mark.parametrize("words", KIND)
def test_kind_words_are_shown(words: str) -> None:
    assert judge(words, MINOR) is None
