"""When somebody has to be told that this is an AI, when a break is due, and when to ask."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.conversation.disclosure_policy import (
    Notice,
    NoticeTimes,
    due,
    given,
    left_unsaid,
    told_by_card,
    worth_noting,
    wrote,
)
from bot.safety.occasions import Occasion
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
        notices = due(known, now, in_danger=in_danger)
        known = wrote(known, now)
        for notice in notices:
            asked = notice in {Notice.AGE, Notice.GUARDIAN}
            known = given(known, notice, now, asked=asked)
            told.append(f"{minute} {notice}")
    return told


def without_sessions(told: list[str]) -> list[str]:
    """What is said besides the line to a person who comes again."""
    return [one for one in told if not one.endswith((" session", " return"))]


@pytest.mark.parametrize(("in_danger", "told"), [(False, "0 first"), (True, "0 session")])
def test_somebody_new_is_told_first_of_all_and_once(in_danger: bool, told: str) -> None:
    known = Disclosure(age="adult")
    assert lived(known, minutes(hours=1), in_danger=in_danger) == [told]


def test_a_card_says_it_itself_and_the_whole_of_it_comes_when_the_danger_is_over() -> None:
    known = told_by_card(Disclosure(), START)
    in_three_hours = START + timedelta(hours=3)
    assert due(known, START + timedelta(minutes=1), in_danger=True) == ()
    assert due(known, in_three_hours, in_danger=True) == (Notice.SESSION,)
    known = given(wrote(known, in_three_hours), Notice.SESSION, in_three_hours, asked=False)
    over = START + timedelta(days=4)
    assert due(known, over, in_danger=False) == (Notice.FIRST, Notice.AGE)
    known = given(wrote(known, over), Notice.FIRST, over, asked=False)
    known = given(known, Notice.AGE, over, asked=True)
    assert due(known, over + timedelta(minutes=1), in_danger=False) == ()


def test_who_comes_every_day_is_told_each_time_and_once() -> None:
    day = 24 * 60
    evenings = [minute + day * n for n in range(4) for minute in (0, 10, 20)]
    assert lived(ADULT, evenings) == [f"{day * n} session" for n in (1, 2, 3)]


def test_the_young_are_told_every_hour() -> None:
    young = replace(ADULT, age="teen")
    told = [f"{hour * 60} reminder" for hour in (1, 2, 3)]
    assert [one for one in lived(young, minutes(hours=3)) if "reminder" in one] == told
    assert lived(young, [61]) == ["61 session"]


def test_how_often_is_the_operators_choice() -> None:
    often = NoticeTimes(remind=timedelta(minutes=20), pause=timedelta(minutes=10))
    later = START + timedelta(minutes=20)
    known = replace(ADULT, last_wrote_at=later)
    assert due(known, later, in_danger=False, times=often) == (Notice.REMINDER,)
    told = replace(known, told_at=later)
    assert due(told, later, in_danger=False, times=often) == (Notice.BREAK,)


def test_who_writes_for_hours_a_day_is_reminded_of_people_once_a_week() -> None:
    told = lived(ADULT, minutes(hours=24 * 9))
    leaning = [int(one.split()[0]) for one in told if one.endswith("leaning")]
    assert len(leaning) == 2
    assert 4 * 60 <= leaning[0] <= 7 * 60
    assert leaning[1] - leaning[0] >= 7 * 24 * 60
    off = NoticeTimes(heavy_use=None)
    used = replace(ADULT, used_today=80_000, break_at=START)
    assert due(used, START, in_danger=False, times=off) == ()


def test_who_comes_on_many_days_in_a_row_is_reminded_of_people() -> None:
    def after(days: int, gap: int = 1) -> list[str]:
        moments = [
            day * 24 * 60 + minute for day in range(0, days, gap) for minute in range(0, 91, 10)
        ]
        return [one for one in lived(ADULT, moments) if "leaning" in one]

    assert after(13) == []
    assert len(after(16)) == 1
    assert after(40, gap=2) == []


def test_who_says_that_nobody_else_counts_is_reminded_of_people_not_in_danger() -> None:
    known = replace(ADULT, told_at=START)
    said = {Occasion.LEANING}
    assert due(known, START, in_danger=False, occasions=said) == (Notice.LEANING,)
    assert due(known, START, in_danger=True, occasions=said) == ()
    again = given(known, Notice.LEANING, START, asked=False)
    assert due(again, START + timedelta(minutes=5), in_danger=False, occasions=said) == ()


def test_who_says_to_be_old_is_spoken_to_so_once() -> None:
    said = {Occasion.ELDERLY}
    assert due(ADULT, START, in_danger=False, occasions=said) == (Notice.ELDERLY,)
    told = given(ADULT, Notice.ELDERLY, START, asked=False)
    assert due(told, START, in_danger=False, occasions=said) == ()


def test_whose_home_is_not_safe_is_not_asked_about_it_again() -> None:
    child = replace(ADULT, age="child", asked=1, asked_at=START, home_unsafe_at=START)
    days = [day * 24 * 60 for day in range(1, 30)]
    assert without_sessions(lived(child, days)) == []


def test_who_would_rather_not_say_how_old_they_are_is_not_asked_again() -> None:
    known = left_unsaid(replace(ADULT, age=None), START)
    days = [day * 24 * 60 for day in range(1, 30)]
    assert without_sessions(lived(known, days)) == []


def test_a_long_night_has_breaks_every_two_hours_and_reminders_every_three() -> None:
    assert lived(ADULT, minutes(hours=8)) == [
        *("120 break", "180 reminder", "240 break", "360 reminder", "370 break", "380 leaning"),
    ]


def test_a_pause_of_half_an_hour_starts_the_count_again() -> None:
    before = list(range(0, 111, 10))
    after_pause = [minute + 140 for minute in before]
    assert lived(ADULT, [*before, *after_pause]) == ["180 reminder"]
    shorter = [minute + 139 for minute in before]
    assert lived(ADULT, [*before, *shorter])[0] == "139 break"


def test_one_back_after_a_week_is_told_again_and_one_back_sooner_is_not() -> None:
    week = 7 * 24 * 60
    assert lived(ADULT, [week - 1]) == [f"{week - 1} session"]
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
    assert without_sessions(lived(open_question, [day - 1])) == []
    assert lived(open_question, [day]) == [f"{day} session", f"{day} age"]
    assert without_sessions(lived(open_question, [day, 2 * day, 3 * day])) == [f"{day} age"]


def test_somebody_whose_first_words_were_of_danger_is_asked_once_it_is_over() -> None:
    known = given(wrote(Disclosure(), START), Notice.FIRST, START, asked=False)
    assert due(known, START + timedelta(minutes=1), in_danger=True) == ()
    assert due(known, START + timedelta(minutes=1), in_danger=False) == (Notice.AGE,)


@pytest.mark.parametrize("age", ["adult", "minor", "teen"])
def test_an_answered_question_is_not_asked_again(age: Age) -> None:
    assert without_sessions(lived(replace(ADULT, age=age), [24 * 60, 48 * 60])) == []


def test_a_child_without_a_guardians_word_is_asked_about_it_each_week() -> None:
    child = replace(ADULT, age="child", asked=1, asked_at=START)
    days = [day * 24 * 60 for day in range(1, 16)]
    assert without_sessions(lived(child, days)) == [
        f"{7 * 24 * 60} guardian",
        f"{14 * 24 * 60} guardian",
    ]
    agreed = replace(child, guardian_agreed_at=START)
    assert without_sessions(lived(agreed, days)) == []


def test_when_somebody_wrote_is_stored_to_the_minute() -> None:
    assert worth_noting(Disclosure(), START)
    assert not worth_noting(ADULT, START + timedelta(seconds=59))
    assert worth_noting(ADULT, START + timedelta(seconds=60))
