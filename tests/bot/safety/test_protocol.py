import itertools
import re

import pytest

from bot.locales import Language
from bot.safety import (
    RiskLevel,
    card,
    guidance,
    model_may_answer,
    needs_card,
    question,
    repeated_card,
)
from bot.safety.hotlines import card_hotlines, emergency
from bot.storage.risk import CARD_FROM

CARDED = [RiskLevel.HIGH, RiskLevel.IMMINENT]
EVERY_CARD = list(itertools.product(CARDED, Language))


@pytest.mark.parametrize(
    ("level", "carded"),
    [
        (RiskLevel.NONE, False),
        (RiskLevel.CONCERN, False),
        (RiskLevel.HIGH, True),
        (RiskLevel.IMMINENT, True),
    ],
)
def test_a_card_goes_out_at_high_and_above(level: RiskLevel, carded: bool) -> None:
    assert needs_card(level) is carded
    assert (level >= CARD_FROM) is carded  # the storage, which does not know the levels, agrees


@pytest.mark.parametrize("level", [RiskLevel.NONE, RiskLevel.CONCERN])
def test_there_is_no_card_and_no_fixed_question_below_high(level: RiskLevel) -> None:
    with pytest.raises(ValueError, match=level.label):
        card(level, Language.ZH_CN)
    with pytest.raises(ValueError, match=level.label):
        question(level, Language.ZH_CN)


@pytest.mark.parametrize(("level", "language"), EVERY_CARD)
def test_a_card_names_people_to_call_and_asks_about_safety(
    level: RiskLevel, language: Language
) -> None:
    text = card(level, language)
    assert card_hotlines(language) in text
    assert emergency(language) in text
    assert re.search("安全吗|安全嗎|Are you safe", text)
    assert re.search("你很重要|You matter", text)


@pytest.mark.parametrize(("level", "language"), EVERY_CARD)
def test_a_card_stays_in_the_conversation(level: RiskLevel, language: Language) -> None:
    assert re.search("我还在这里|我還在這裡|I'm still here", card(level, language))


@pytest.mark.parametrize("language", Language)
def test_the_imminent_card_asks_for_company_and_distance_from_means(language: Language) -> None:
    text = card(RiskLevel.IMMINENT, language)
    assert re.search("别一个人待着|別一個人待著|Don't stay alone", text)
    assert re.search("远一点|遠一點|Get away", text)
    assert text.index(emergency(language)) < text.index(card_hotlines(language))


@pytest.mark.parametrize("language", Language)
def test_the_high_card_urges_a_professional_and_a_trusted_person(language: Language) -> None:
    text = card(RiskLevel.HIGH, language)
    assert text.index(card_hotlines(language)) < len(text)
    assert re.search("信得过的人|信得過的人|someone you trust", text)


@pytest.mark.parametrize(("level", "language"), EVERY_CARD)
def test_no_card_or_question_asks_with_a_leading_negative(
    level: RiskLevel, language: Language
) -> None:
    text = card(level, language) + question(level, language)
    assert not re.search("没有.{0,8}吧|沒有.{0,8}吧|不会.{0,8}吧|You (?:don't|aren't|won't)", text)


@pytest.mark.parametrize(("level", "language"), EVERY_CARD)
def test_every_fixed_question_is_a_question_or_a_request_to_answer(
    level: RiskLevel, language: Language
) -> None:
    assert re.search(r"[？?]", question(level, language))
    assert question(level, language) not in card(level, language)


def test_the_high_question_asks_openly_about_suicide() -> None:
    assert "结束自己的生命" in question(RiskLevel.HIGH, Language.ZH_CN)


def test_the_model_gets_no_guidance_without_risk() -> None:
    assert guidance(RiskLevel.NONE) is None


@pytest.mark.parametrize("level", [RiskLevel.CONCERN, *CARDED])
def test_guidance_forbids_methods_and_asks_about_safety(level: RiskLevel) -> None:
    text = guidance(level)
    assert text is not None
    assert "绝不谈" in text
    assert "方法" in text
    assert "安全" in text
    assert "信得过的人" in text


def test_guidance_is_stricter_from_high_on() -> None:
    assert guidance(RiskLevel.HIGH) == guidance(RiskLevel.IMMINENT) != guidance(RiskLevel.CONCERN)
    assert "不要结束对话" in (guidance(RiskLevel.HIGH) or "")


@pytest.mark.parametrize(
    ("level", "is_trial", "allowed"),
    [
        (RiskLevel.NONE, True, True),
        (RiskLevel.CONCERN, True, True),
        (RiskLevel.HIGH, True, False),
        (RiskLevel.IMMINENT, True, False),
        (RiskLevel.HIGH, False, True),
        (RiskLevel.IMMINENT, False, True),
    ],
)
def test_the_trial_model_never_answers_danger(
    level: RiskLevel, is_trial: bool, allowed: bool
) -> None:
    assert model_may_answer(level, is_trial=is_trial) is allowed


@pytest.mark.parametrize(("level", "language"), EVERY_CARD)
def test_questions_go_on_with_others_and_never_repeat_the_last(
    level: RiskLevel, language: Language
) -> None:
    said: list[str] = ["an answer of a model"]
    for _ in range(9):
        said.append(question(level, language, said))
    assert said[1] == question(level, language)
    assert len(set(said[1:4])) == 3
    assert all(one != other for one, other in itertools.pairwise(said))
    assert said[1] == question(level, language, [*said[2:5], "something else"])


@pytest.mark.parametrize(("level", "language"), EVERY_CARD)
def test_a_repeated_card_is_shorter_asks_and_still_says_whom_to_call(
    level: RiskLevel, language: Language
) -> None:
    said = [repeated_card(level, language, number) for number in range(7)]
    assert all(one != other for one, other in itertools.pairwise(said))
    for text in said:
        assert len(text) < len(card(level, language)) / 2
        assert emergency(language) in text
        assert re.search(r"[？?]", text)
        assert not re.search("没有.{0,8}吧|沒有.{0,8}吧|You (?:don't|aren't|won't)", text)
        assert re.search(
            "信得过的人|陪你|那扇门|有人的地方|信得過的人|那扇門|有人的地方"
            "|someone you trust|come over|that door|there are people",
            text,
        )
        if level is RiskLevel.HIGH:  # the emergency number is for the worst of it only
            assert "/help_now" in text
    with pytest.raises(ValueError, match="none"):
        repeated_card(RiskLevel.NONE, language, 0)


def test_danger_kept_in_mind_relaxes_the_guidance_after_high_and_not_after_imminent() -> None:
    relaxed = guidance(RiskLevel.HIGH, RiskLevel.NONE)
    assert relaxed not in (None, guidance(RiskLevel.HIGH), guidance(RiskLevel.CONCERN))
    assert "绝不谈任何方法" in (relaxed or "")
    assert guidance(RiskLevel.IMMINENT, RiskLevel.NONE) == guidance(RiskLevel.IMMINENT)
    assert guidance(RiskLevel.HIGH, RiskLevel.HIGH) == guidance(RiskLevel.HIGH)
