"""What a model is told where a person may be in danger, if it may speak there."""

import pytest

from bot.safety import BY_OTHERS, Danger, RiskLevel, guidance, model_may_answer

CARDED = [RiskLevel.HIGH, RiskLevel.IMMINENT]


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
    ("level", "is_trusted", "allowed"),
    [
        (RiskLevel.NONE, False, True),
        (RiskLevel.CONCERN, False, True),
        (RiskLevel.HIGH, False, False),
        (RiskLevel.IMMINENT, False, False),
        (RiskLevel.HIGH, True, True),
        (RiskLevel.IMMINENT, True, True),
    ],
)
def test_no_model_answers_danger_that_the_operators_have_not_named(
    level: RiskLevel, is_trusted: bool, allowed: bool
) -> None:
    assert model_may_answer(level, is_trusted=is_trusted) is allowed


@pytest.mark.parametrize("danger", sorted(BY_OTHERS))
def test_where_others_hurt_the_model_is_not_told_to_ask_who_is_near(danger: Danger) -> None:
    for level in CARDED:
        for card_asks in (True, False):
            text = guidance(level, RiskLevel.NONE, card_asks=card_asks, danger=danger)
            assert text is not None
            assert "身边有没有人" not in text
            assert "信他" in text
            assert "绝不谈" in text
    other = guidance(RiskLevel.HIGH, danger=Danger.SUICIDE)
    assert other == guidance(RiskLevel.HIGH)


def test_danger_kept_in_mind_relaxes_the_guidance_after_high_and_not_after_imminent() -> None:
    relaxed = guidance(RiskLevel.HIGH, RiskLevel.NONE)
    assert relaxed not in (None, guidance(RiskLevel.HIGH), guidance(RiskLevel.CONCERN))
    assert "绝不谈任何方法" in (relaxed or "")
    assert guidance(RiskLevel.IMMINENT, RiskLevel.NONE) == guidance(RiskLevel.IMMINENT)
    assert guidance(RiskLevel.HIGH, RiskLevel.HIGH) == guidance(RiskLevel.HIGH)
