"""What people plainly say of themselves is found without a model, and nothing else is."""

from __future__ import annotations

from datetime import date

import pytest

from bot.conversation.memory.by_rules import facts_in
from bot.storage import MemoryFact, MemoryKind

A_WEDNESDAY = date(2026, 11, 25)
NAME, PERSON, EVENT, MANNER = (
    MemoryKind.NAME,
    MemoryKind.PERSON,
    MemoryKind.EVENT,
    MemoryKind.MANNER,
)


@pytest.mark.parametrize(
    ("said", "fact"),
    [
        ("叫我小林就好", MemoryFact(NAME, "小林")),
        ("你好，我叫林小雨。", MemoryFact(NAME, "林小雨")),
        ("你可以叫我阿May", MemoryFact(NAME, "阿May")),
        ("My name is Alex", MemoryFact(NAME, "Alex")),
        ("請叫我小雨", MemoryFact(NAME, "小雨")),
        ("我室友叫小李，天天打游戏", MemoryFact(PERSON, "小李", "室友")),
        ("我养了一只猫叫年糕", MemoryFact(PERSON, "年糕", "猫")),
        ("my cat is called Mochi", MemoryFact(PERSON, "Mochi", "cat")),
        ("我家猫年糕昨天走了", MemoryFact(EVENT, "我家猫年糕走了", on=date(2026, 11, 24))),
        ("12月5日期末考试", MemoryFact(EVENT, "期末考试", on=date(2026, 12, 5))),
        ("我1月3号面试", MemoryFact(EVENT, "我面试", on=date(2027, 1, 3))),
        ("下周三答辩", MemoryFact(EVENT, "答辩", on=date(2026, 12, 2))),
        ("后天搬家", MemoryFact(EVENT, "搬家", on=date(2026, 11, 27))),
        ("my exam is tomorrow", MemoryFact(EVENT, "my exam is", on=date(2026, 11, 26))),
        ("你说短一点好吗", MemoryFact(MANNER, "short")),
        ("别给我讲大道理", MemoryFact(MANNER, "no_lectures")),
        ("我只想你听我说", MemoryFact(MANNER, "listen")),
    ],
)
def test_a_plain_sentence_is_found(said, fact):
    assert list(facts_in(said, A_WEDNESDAY)) == [fact]


@pytest.mark.parametrize(
    "said",
    [
        "我叫他别走",
        "我叫了外卖",
        "别叫我宝贝",
        "别人都叫我怪物",
        "妈妈叫我起床",
        "他叫我闭嘴",
        "叫我名字",
        "call me later",
        "2月30日考试",
        "考试好难",
        "我妈让我说短一点",
        "今天天气不错",
        "",
    ],
)
def test_what_only_looks_like_it_is_not(said):
    assert list(facts_in(said, A_WEDNESDAY)) == []
