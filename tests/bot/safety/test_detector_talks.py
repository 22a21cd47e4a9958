"""What the detector makes of a talk: messages before, questions answered, long turns."""

import pytest

from bot.safety import Assessment, RiskLevel, Utterance, assess
from bot.safety.matching import MAX_READ
from bot.safety.normalize import normalize


def level(*messages: str) -> RiskLevel:
    return read(*messages).level


def read(*messages: str) -> Assessment:
    return assess([Utterance(text) for text in messages])


def after(question: str, reply: str) -> RiskLevel:
    return assess([Utterance("最近好累"), Utterance(question, by_bot=True), Utterance(reply)]).level


def test_somebody_else_in_danger_now_gets_the_numbers() -> None:
    assert level("她站在楼顶要跳下去，怎么劝她") >= RiskLevel.HIGH


def test_what_was_long_ago_is_a_concern_and_what_goes_on_is_high() -> None:
    assert level("小时候想过自杀") is RiskLevel.CONCERN
    assert level("小时候想过自杀，最近又想自杀") is RiskLevel.HIGH


def test_serious_words_keep_the_next_messages_at_concern() -> None:
    found = read("我想自杀", "嗯")
    assert (found.level, found.reasons) == (RiskLevel.CONCERN, ("said_before",))
    assert level("我想自杀", *["嗯"] * 5) is RiskLevel.CONCERN
    assert level("我想自杀", *["嗯"] * 6) is RiskLevel.NONE
    assert level("好想消失", "嗯") is RiskLevel.NONE


def test_the_last_message_decides_the_level() -> None:
    assert level("今天还行", "我想自杀") is RiskLevel.HIGH
    assert level("我想自杀", "好想消失") is RiskLevel.CONCERN


def test_a_short_answer_means_what_the_bot_asked() -> None:
    assert after("听起来很难。你有没有想过伤害自己？", "嗯") is RiskLevel.HIGH
    assert after("你有没有想过伤害自己？", "有时候会") is RiskLevel.HIGH
    assert after("你想过伤害自己吗？", "不了") is RiskLevel.CONCERN
    assert after("你想过伤害自己吗？", "没有") is RiskLevel.NONE
    assert after("你现在安全吗？", "不安全") is RiskLevel.HIGH
    assert after("你现在安全吗？", "嗯") is RiskLevel.NONE
    assert after("要喝水吗？", "不了") is RiskLevel.NONE
    assert after("要喝水吗？", "嗯") is RiskLevel.NONE
    assert after("有人会想过伤害自己。要喝水吗？", "嗯") is RiskLevel.NONE


def test_an_answer_that_says_yes_is_remembered_like_any_other_disclosure() -> None:
    said = [
        Utterance("好累"),
        Utterance("你想过结束生命吗？", by_bot=True),
        Utterance("想过"),
        Utterance("谢谢你告诉我。", by_bot=True),
        Utterance("嗯"),
    ]
    found = assess(said)
    assert (found.level, found.reasons) == (RiskLevel.CONCERN, ("said_before",))


def test_the_words_of_the_bot_are_no_risk_of_their_own() -> None:
    said = [Utterance("好累"), Utterance("我今晚就要自杀", by_bot=True), Utterance("今天天气不错")]
    assert assess(said) == Assessment(RiskLevel.NONE)
    assert assess(said[1:2]) == Assessment(RiskLevel.NONE)


def test_nothing_written_is_no_risk() -> None:
    assert assess([]) == Assessment(RiskLevel.NONE)
    assert read("", "  ", "🙂") == Assessment(RiskLevel.NONE)


def test_reasons_are_names_of_rules_most_serious_first_and_never_the_text() -> None:
    reasons = read("我不想活了，今晚就要自杀").reasons
    assert reasons[0] == "decided_now"
    assert len(reasons) == len(set(reasons))
    assert all(reason.isascii() and reason.islower() for reason in reasons)


def test_the_same_words_give_the_same_answer() -> None:
    assert read("我不想活了，今晚就要自杀") == read("我不想活了，今晚就要自杀")


def test_a_wish_deep_in_a_long_message_is_found() -> None:
    filler = "今天上课，老师讲了很多，晚上和同学吃饭，"
    text = filler * 80 + "其实我不想活了，" + filler * 80
    assert len(text) < MAX_READ
    assert level(text) is RiskLevel.HIGH


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("我不想活了！！！", "我不想活了，"),
        ("我 想 死", "我想死"),
        ("我想*自*杀", "我想自杀"),
        ("ＷＡＮＴ to  DIE", "want to die"),
        ("殺傷割斷，離開這個世界", "杀伤割断，离开这个世界"),
        ("自\u200b杀", "自杀"),
        ("I don’t know", "i don't know"),
        ("紫砂壶", "紫砂壶"),
        ("孩子杀青", "孩子杀青"),
    ],
)
def test_many_spellings_become_one(written: str, read: str) -> None:
    assert normalize(written) == read


def test_levels_are_ordered_and_named() -> None:
    assert sorted(RiskLevel) == [
        RiskLevel.NONE,
        RiskLevel.CONCERN,
        RiskLevel.HIGH,
        RiskLevel.IMMINENT,
    ]
    assert [item.label for item in RiskLevel] == ["none", "concern", "high", "imminent"]


@pytest.mark.parametrize("before", [0, 4000, 4090, 5040, 20_000])
def test_danger_at_the_end_of_a_very_long_turn_is_seen(before: int) -> None:
    harmless = ("今天去超市买了牛奶和面包，" * (before // 13 + 1))[:before]
    assert read(harmless + "。我今晚就去跳楼，已经决定了。").level is RiskLevel.IMMINENT


@pytest.mark.parametrize(
    ("reply", "level"),
    [
        ("真的好想彻底消失啊", RiskLevel.HIGH),
        ("嗯，想解脱", RiskLevel.HIGH),
        ("没想过，只是累", RiskLevel.NONE),
        ("我没有想自杀", RiskLevel.NONE),
    ],
)
def test_a_wish_is_an_answer_to_the_question_about_it(reply: str, level: RiskLevel) -> None:
    question = "还有一句话想直接问你：你是不是想过伤害自己，或者不想活了？怎么说都可以。"
    assert after(question, reply) is level


def test_the_same_wish_again_is_not_more_imminent() -> None:
    said = [Utterance("我不想活了") for _ in range(6)]
    levels = {assess(said[:count], RiskLevel.HIGH).level for count in range(1, 7)}
    assert levels == {RiskLevel.HIGH}
