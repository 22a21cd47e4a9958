"""The wish not to be, and eating that the body answers: read by rule, in words of many kinds."""

from __future__ import annotations

from itertools import product

from bot.safety import RiskLevel
from bot.safety.facts import message_facts
from tests.bot.safety.naming import wrong

WANTS = ["我想", "好想", "真希望", "巴不得", "恨不得"]
VANISHES = ["消失掉", "彻底消失", "就这么不见了", "原地蒸发", "悄悄地消失", "永远消失在人海里"]
LEAVES = ["从这个世上彻底消失", "从世界上消失", "从人间蒸发", "从这世上抹掉自己", "从地球上消失掉"]
NOT_TO_BE = [
    "我不该存在",
    "我不想再存在下去",
    "要是我从来没有存在过就好了",
    "希望自己从来没有存在过",
    "要是没有我这个人就好了",
    "我的存在就是个错误",
    "i just want to disappear",
    "i wish i was never born",
]
OF_THINGS = [
    "希望痘痘快点消失",
    "希望癌症从世界上消失",
    "这题不存在解",
    "我想存在银行里",
    "想消失几天去旅游",
    "这个文件不存在怎么办",
]

EATING = [
    "五天只喝水了",
    "一周没怎么吃",
    "四天没吃饭了",
    "绝食第六天",
    "每次暴食完都催吐",
    "抠喉咙吐完",
]
BODY = ["站起来眼前发黑", "吐出血丝", "心慌得厉害", "昨天晕倒了", "今天走不动路", "胸口疼"]
ORDINARY_MEALS = [
    "五天没吃肉了，血压挺好",
    "我家猫三天没吃东西了，站不稳",
    "肠胃炎三天没吃东西，头晕",
    "昨晚没吃饱，今天走不动路",
]


def ruled(text: str) -> RiskLevel:
    return message_facts(text).ruled


def test_the_wish_to_vanish_is_a_concern_or_more() -> None:
    said = [*map("".join, product(WANTS, VANISHES)), *NOT_TO_BE]
    assert wrong(said, lambda text: ruled(text) >= RiskLevel.CONCERN) == []


def test_the_wish_to_leave_the_world_is_high() -> None:
    said = map("".join, product(WANTS, LEAVES))
    assert wrong(said, lambda text: ruled(text) >= RiskLevel.HIGH) == []


def test_things_may_vanish() -> None:
    assert wrong(OF_THINGS, lambda text: ruled(text) is RiskLevel.NONE) == []


def test_eating_that_the_body_answers_is_high() -> None:
    said = ["，".join(both) for both in product(EATING, BODY)]
    assert wrong(said, lambda text: ruled(text) >= RiskLevel.HIGH) == []


def test_other_meals_are_not() -> None:
    assert wrong(ORDINARY_MEALS, lambda text: ruled(text) < RiskLevel.HIGH) == []
