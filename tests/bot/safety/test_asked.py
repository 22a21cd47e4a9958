import pytest

from bot.locales import Language
from bot.locales.crisis import crisis_texts_for
from bot.safety import RiskLevel, card, repeated_card
from bot.safety.asked import BotQuestion, asked


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("level", [RiskLevel.HIGH, RiskLevel.IMMINENT])
def test_our_own_cards_are_known_as_cards(language, level):
    assert BotQuestion.CARD in asked(card(level, language))
    for number in range(3):
        assert BotQuestion.CARD in asked(repeated_card(level, language, number))


@pytest.mark.parametrize("language", list(Language))
def test_our_open_question_asks_about_suicide_and_is_no_card(language):
    assert asked(crisis_texts_for(language).questions["ask_openly"]) == {BotQuestion.SUICIDE}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("你现在安全吗？", BotQuestion.SAFE),
        ("身边有人吗？", BotQuestion.ALONE),
        ("你在哪里？", BotQuestion.WHERE),
        ("手边有没有能伤到自己的东西？", BotQuestion.MEANS),
        ("你打算什么时候？", BotQuestion.WHEN),
        ("你吃了什么吗？", BotQuestion.TAKEN),
        ("你是不是想到了死？", BotQuestion.SUICIDE),
    ],
)
def test_a_question_is_known_by_its_meaning(text, kind):
    assert kind in asked(text)


@pytest.mark.parametrize("text", ["要喝水吗？", "今天是10号。", "晚上吃面好吗？", ""])
def test_small_talk_asks_nothing(text):
    assert asked(text) == frozenset()
