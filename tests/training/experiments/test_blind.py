from __future__ import annotations

import re

import pytest

from training.experiments.blind import FIRST, SECOND, by_chance, questions, right_marks, sheet

ANSWERS = [(f"第{number}句话", f"第{number}个回答") for number in range(40)]


def marked(text: str, marks: list[str]) -> str:
    """The sheet as a reader gives it back."""
    return re.sub(r"(?m)^(\d+) -> $", lambda at: f"{at[0]}{marks[int(at[1]) - 1]}", text)


def test_every_answer_is_asked_once_with_its_own_message_and_another() -> None:
    asked = list(questions(ANSWERS, 1))

    own = {one.answer: one.first if one.right == FIRST else one.second for one in asked}
    assert own == {answer: message for message, answer in ANSWERS}
    assert all(one.first != one.second for one in asked)
    assert {one.right for one in asked} == {FIRST, SECOND}
    assert asked == list(questions(ANSWERS, 1))


def test_other_message_was_not_answered_in_the_same_words() -> None:
    same = [("你好", "我在。"), ("在吗", "我在。"), ("晚安", "好梦。")]

    for seed in range(20):
        for one in questions(same, seed):
            if one.answer == "我在。":
                assert "晚安" in {one.first, one.second}


def test_marks_are_counted_on_the_sheet_that_was_read() -> None:
    asked = list(questions(ANSWERS, 1))
    key = [one.right for one in asked]
    text = sheet(asked)

    assert right_marks(asked, marked(text, key)) == 40
    assert right_marks(asked, marked(text, [FIRST] * 40)) == key.count(FIRST)


def test_mark_that_is_missing_is_named() -> None:
    asked = list(questions(ANSWERS, 1))

    with pytest.raises(ValueError, match="behind 7 ->"):
        right_marks(asked, marked(sheet(asked), ["A" if n != 6 else "" for n in range(40)]))


def test_chance_of_guessing() -> None:
    assert by_chance(0, 60) == 1.0
    assert by_chance(2, 2) == 0.25
    assert by_chance(45, 60) < 0.0001 < by_chance(40, 60) < 0.01
