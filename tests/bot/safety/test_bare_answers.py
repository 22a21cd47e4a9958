"""A bare answer to a question in danger is the whole message; more words speak for themselves."""

from __future__ import annotations

import pytest

from bot.safety.asked import BotQuestion
from bot.safety.bare_answers import answered_in_danger
from bot.safety.levels import RiskLevel
from bot.safety.normalize import normalize
from tests.bot.safety.naming import wrong

BARE = {
    BotQuestion.WHEN: [
        "今晚",
        "就今晚",
        "现在",
        "等他们睡了",
        "今天晚上吧",
        "待会就去",
        "明天天亮前",
    ],
    BotQuestion.WHERE: ["桥上", "我在楼顶", "在江边坐着", "十二楼", "阳台外面", "我现在在天台上"],
    BotQuestion.MEANS: ["刀", "有刀", "药就在手边", "手里拿着刀片", "绳子买了"],
    BotQuestion.TAKEN: ["吃了", "都吃了", "吃了三十片", "全吞下去了", "刚割了"],
}
MORE = {
    BotQuestion.WHEN: [
        "今天吃什么",
        "今晚看球赛",
        "现在几点",
        "今天作业好多",
        "等下打游戏",
        "马上放假",
    ],
    BotQuestion.WHERE: ["桥上有烟花看", "车上放的歌真好听", "楼上邻居在装修", "站台上卖的包子"],
    BotQuestion.MEANS: ["药店几点关门", "买了新耳机", "桌上有猫毛", "绳子系鞋用"],
    BotQuestion.TAKEN: ["点了外卖", "开了新游戏", "喝完奶茶就困", "一整瓶可乐打翻"],
}


def level(question: BotQuestion, reply: str) -> RiskLevel:
    return answered_in_danger(frozenset({question}), normalize(reply))


@pytest.mark.parametrize("question", BARE)
def test_a_bare_answer_is_heard(question: BotQuestion) -> None:
    is_heard = lambda reply: level(question, reply) is RiskLevel.IMMINENT  # noqa: E731
    assert wrong(BARE[question], is_heard) == []


@pytest.mark.parametrize("question", MORE)
def test_a_message_about_something_else_is_no_answer(question: BotQuestion) -> None:
    is_none = lambda reply: level(question, reply) is RiskLevel.NONE  # noqa: E731
    assert wrong(MORE[question], is_none) == []
