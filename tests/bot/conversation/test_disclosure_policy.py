"""When somebody has to be told that this is an AI, when a break is due, and when to ask."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.conversation.disclosure_policy import Notice, due, given, worth_noting, wrote
from bot.storage import Disclosure

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.storage import Age

START = datetime(2026, 1, 1, 22, 0, tzinfo=UTC)
ADULT = Disclosure(age="adult", told_at=START, session_began_at=START, last_wrote_at=START)


def minutes(*, hours: float, every: int = 10) -> Iterable[int]:
    return range(0, int(hours * 60) + 1, every)


def lived(known: Disclosure, moments: Iterable[int], *, in_danger: bool = False) -> list[str]:
    """What a person is told who writes at these minutes, as `minute notice`."""
    told = []
    for minute in moments:
        now = START + timedelta(minutes=minute)
        notice = due(known, now, in_danger=in_danger)
        known = wrote(known, now)
        if notice is not None:
            asked = notice in {Notice.AGE, Notice.GUARDIAN}
            known = given(known, notice, now, asked=asked)
            told.append(f"{minute} {notice}")
    return told


@pytest.mark.parametrize("in_danger", [False, True])
def test_somebody_new_is_told_first_of_all_and_once(in_danger: bool) -> None:
    known = Disclosure(age="adult")
    assert lived(known, minutes(hours=1), in_danger=in_danger) == ["0 first"]


def test_a_long_night_has_breaks_every_two_hours_and_reminders_every_three() -> None:
    assert (
        lived(ADULT, minutes(hours=8))
        == [
            "120 break",
            "180 reminder",
            "240 break",
            "360 reminder",
            "370 break",
            "490 break",
        ][:5]
    )


def test_a_pause_of_half_an_hour_starts_the_count_again() -> None:
    before = list(range(0, 111, 10))
    after_pause = [minute + 140 for minute in before]
    assert lived(ADULT, [*before, *after_pause]) == []
    shorter = [minute + 139 for minute in before]
    assert lived(ADULT, [*before, *shorter])[0] == "139 break"


def test_one_back_after_a_week_is_told_again_and_one_back_sooner_is_not() -> None:
    week = 7 * 24 * 60
    assert lived(ADULT, [week - 1]) == []
    assert lived(ADULT, [week, week + 1]) == [f"{week} return"]


def test_nobody_in_danger_is_sent_off_for_a_break_or_asked_about_age() -> None:
    assert lived(ADULT, minutes(hours=4), in_danger=True) == ["180 reminder"]
    asked_yesterday = replace(
        ADULT, age=None, asked=1, asked_at=START - timedelta(days=2), told_at=START
    )
    assert lived(asked_yesterday, [0], in_danger=True) == []
    assert lived(asked_yesterday, [0]) == ["0 age"]


def test_the_question_about_age_comes_again_once_after_a_day() -> None:
    open_question = replace(ADULT, age=None, asked=1, asked_at=START)
    day = 24 * 60
    assert lived(open_question, [day - 1]) == []
    assert lived(open_question, [day, 2 * day, 3 * day]) == [f"{day} age"]


def test_somebody_whose_first_words_were_of_danger_is_asked_once_it_is_over() -> None:
    known = given(wrote(Disclosure(), START), Notice.FIRST, START, asked=False)
    assert due(known, START + timedelta(minutes=1), in_danger=True) is None
    assert due(known, START + timedelta(minutes=1), in_danger=False) is Notice.AGE


@pytest.mark.parametrize("age", ["adult", "minor", "teen"])
def test_an_answered_question_is_not_asked_again(age: Age) -> None:
    assert lived(replace(ADULT, age=age), [24 * 60, 48 * 60]) == []


def test_a_child_without_a_guardians_word_is_asked_about_it_each_week() -> None:
    child = replace(ADULT, age="child", asked=1, asked_at=START)
    days = [day * 24 * 60 for day in range(1, 16)]
    assert lived(child, days) == [f"{7 * 24 * 60} guardian", f"{14 * 24 * 60} guardian"]
    assert lived(replace(child, guardian_agreed_at=START), days) == []


def test_when_somebody_wrote_is_stored_to_the_minute() -> None:
    assert worth_noting(Disclosure(), START)
    assert not worth_noting(ADULT, START + timedelta(seconds=59))
    assert worth_noting(ADULT, START + timedelta(seconds=60))
