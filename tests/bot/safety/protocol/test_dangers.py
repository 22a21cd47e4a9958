"""Which card a reading brings."""

import pytest

from bot.safety import Assessment, Axis, Danger, RiskLevel, Who, danger_at_age, danger_of

HIGH, IMMINENT = RiskLevel.HIGH, RiskLevel.IMMINENT
BODY, CHILD, HARM, SEXUAL, SUICIDE = Axis.BODY, Axis.CHILD, Axis.HARM, Axis.SEXUAL, Axis.SUICIDE
SELF, OTHER = Who.SELF, Who.OTHER


@pytest.mark.parametrize(
    ("level", "reasons", "axes", "who", "danger"),
    [
        (HIGH, ["no_wish_to_live"], set(), Who.NOBODY, Danger.SUICIDE),
        (HIGH, ["wish_to_die"], {CHILD, SUICIDE}, SELF, Danger.SUICIDE),
        (IMMINENT, ["swallowed"], {BODY, SUICIDE}, SELF, Danger.BODY),
        (IMMINENT, ["bleeding"], {BODY, SUICIDE, Axis.VOICES}, SELF, Danger.BODY),
        (IMMINENT, ["trained"], {BODY, Axis.EATING, SUICIDE}, SELF, Danger.BODY),
        (IMMINENT, ["trained"], {SUICIDE}, SELF, Danger.SUICIDE),
        (IMMINENT, ["violence_now"], set(), Who.NOBODY, Danger.VIOLENCE),
        (IMMINENT, ["beaten_now", "harm_told"], {HARM}, SELF, Danger.VIOLENCE),
        (IMMINENT, ["beaten_now"], {CHILD, HARM}, SELF, Danger.CHILD),
        (HIGH, ["harm_told"], {HARM, SUICIDE}, SELF, Danger.VIOLENCE),
        (HIGH, ["wish_to_die", "harm_told"], {HARM, SUICIDE}, SELF, Danger.SUICIDE),
        (HIGH, ["harm_told"], {CHILD, HARM, SEXUAL, SUICIDE}, SELF, Danger.CHILD),
        (HIGH, ["trained"], {HARM}, SELF, Danger.VIOLENCE),
        (HIGH, ["threat"], {CHILD, SUICIDE, Axis.THREAT}, SELF, Danger.THREAT),
        (HIGH, ["voice_commands"], {SUICIDE, Axis.VOICES}, SELF, Danger.VOICES),
        (HIGH, ["other_now"], {BODY, SUICIDE}, OTHER, Danger.OTHER),
        (IMMINENT, ["trained", "other_now"], {BODY, CHILD, SUICIDE}, SELF, Danger.OTHER),
        (HIGH, ["trained"], {CHILD, HARM}, OTHER, Danger.CHILD_OTHER),
        (HIGH, ["trained"], {CHILD, SEXUAL}, SELF, Danger.CHILD),
        (IMMINENT, ["trained"], {CHILD, SEXUAL}, SELF, Danger.CHILD),
        (HIGH, ["trained"], {SEXUAL}, SELF, Danger.ASSAULT),
        (HIGH, ["harm_told"], {HARM}, OTHER, Danger.OTHER_HARM),
        (HIGH, ["trained"], {HARM, BODY}, OTHER, Danger.OTHER),
        (HIGH, ["trained"], {CHILD, SUICIDE}, OTHER, Danger.OTHER),
        (HIGH, ["trained"], {Axis.THREAT}, OTHER, Danger.THREAT),
        (HIGH, ["trained"], {Axis.EATING}, SELF, Danger.EATING),
        (HIGH, ["trained"], {Axis.PROPERTY}, SELF, Danger.SUICIDE),
    ],
)
def test_what_leads_says_which_danger_it_is(
    level: RiskLevel, reasons: list[str], axes: set[Axis], who: Who, danger: Danger
) -> None:
    assert danger_of(Assessment(level, tuple(reasons), frozenset(axes), who)) is danger


@pytest.mark.parametrize("met_for", Danger)
def test_a_short_answer_is_of_the_danger_it_answers(met_for: Danger) -> None:
    answer = Assessment(HIGH, ("answered_question",), frozenset({SUICIDE}), SELF)
    assert danger_of(answer, met_for) is met_for
    swallowed = Assessment(IMMINENT, ("in_danger_swallowed",), frozenset({BODY}), SELF)
    expected = Danger.BODY if met_for is Danger.SUICIDE else met_for
    assert danger_of(swallowed, met_for) is expected


def test_who_is_hurt_is_not_taken_for_a_helper_by_a_word_of_the_other() -> None:
    outside = Assessment(HIGH, ("trained",), frozenset({HARM, SUICIDE}), OTHER)
    assert danger_of(outside, Danger.VIOLENCE) is Danger.VIOLENCE
    assert danger_of(outside) is Danger.OTHER


def test_a_time_that_is_told_is_no_danger_of_the_body() -> None:
    soon = Assessment(IMMINENT, ("answered_in_danger",), frozenset({BODY, SUICIDE}), SELF)
    assert danger_of(soon, Danger.SUICIDE) is Danger.SUICIDE


def test_what_voices_want_is_of_the_voices() -> None:
    told = Assessment(HIGH, ("wish_to_die",), frozenset({SUICIDE}), SELF)
    assert danger_of(told, Danger.VOICES) is Danger.VOICES


def test_violence_is_met_by_the_age_the_person_has_told() -> None:
    assert danger_at_age(Danger.VIOLENCE, is_minor=True) is Danger.CHILD
    assert danger_at_age(Danger.ASSAULT, is_minor=True) is Danger.CHILD
    assert danger_at_age(Danger.CHILD, is_minor=False) is Danger.VIOLENCE
    for danger in Danger:
        assert danger_at_age(danger, is_minor=None) is danger
