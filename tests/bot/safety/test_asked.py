import pytest

from bot.locales import Language
from bot.safety import RiskLevel, card, question, repeated_card
from bot.safety.asked import Asked, asked


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("level", [RiskLevel.HIGH, RiskLevel.IMMINENT])
def test_our_own_cards_are_known_as_cards(language, level):
    assert Asked.CARD in asked(card(level, language))
    for number in range(3):
        assert Asked.CARD in asked(repeated_card(level, language, number))


def test_our_own_questions_are_known_by_what_they_ask():
    assert Asked.SUICIDE in asked(question(RiskLevel.HIGH, Language.ZH_CN))
    assert Asked.WHERE in asked(question(RiskLevel.IMMINENT, Language.ZH_CN))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("你现在安全吗？", Asked.SAFE),
        ("身边有人吗？", Asked.ALONE),
        ("你在哪里？", Asked.WHERE),
        ("手边有没有能伤到自己的东西？", Asked.MEANS),
        ("你打算什么时候？", Asked.WHEN),
        ("你吃了什么吗？", Asked.TAKEN),
        ("你是不是想到了死？", Asked.SUICIDE),
    ],
)
def test_a_question_is_known_by_its_meaning(text, kind):
    assert kind in asked(text)


@pytest.mark.parametrize("text", ["要喝水吗？", "今天是10号。", "晚上吃面好吗？", ""])
def test_small_talk_asks_nothing(text):
    assert asked(text) == frozenset()
