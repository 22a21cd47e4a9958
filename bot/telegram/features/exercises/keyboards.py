"""The buttons of the exercises. Those of a step name it: an old one changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.telegram.feature import button_row, button_rows, parse_id
from bot.telegram.features.exercises.catalog import FORMS, PAGES, PATTERNS, Exercise, text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.locales.exercises import ExerciseTexts
    from bot.telegram.features.exercises.catalog import FormStep

MENU = "ex:menu"
_PLAIN = frozenset({"menu", "halt", "keep", "toss", "leave", "resume", "kept"})
_OF_AN_EXERCISE = frozenset({"open", "begin", "offer"})
_OF_A_SHEET = frozenset({"look", "drop"})


@dataclass(frozen=True, slots=True)
class PressedExercise:
    """One of the buttons, and what it is about."""

    action: str
    exercise: Exercise = Exercise.BREATH_478
    step: str = ""
    number: int = 0


def parse_exercise(arguments: Sequence[str]) -> PressedExercise:
    """Read the data of a button. Raises ValueError for what no button has."""
    match arguments:
        case [action] if action in _PLAIN:
            return PressedExercise(action)
        case [action, exercise] if action in _OF_AN_EXERCISE:
            return PressedExercise(action, Exercise(exercise))
        case [action, sheet_id] if action in _OF_A_SHEET:
            return PressedExercise(action, number=parse_id(sheet_id))
        case ["page", exercise, number]:
            return PressedExercise("page", Exercise(exercise), number=parse_id(number))
        case ["skip", step]:
            return PressedExercise("skip", step=step)
        case ["rate", step, number] if 0 <= parse_id(number) <= 10:
            return PressedExercise("rate", step=step, number=parse_id(number))
        case _:
            raise ValueError(arguments)


def exercise_menu(texts: ExerciseTexts, kept_count: int) -> InlineKeyboardMarkup:
    """All exercises, one a row, and the way to what was kept."""
    rows = [[(text_of(texts, "name", one), f"ex:open:{one}")] for one in Exercise]
    kept = [[(texts.button_kept(count=kept_count), "ex:kept")]] if kept_count else []
    return button_rows([*rows, *kept])


def under_intro(
    texts: ExerciseTexts, exercise: Exercise, *, is_open: bool = False
) -> InlineKeyboardMarkup:
    """Under what an exercise is; `is_open`: its person has begun to write it."""
    begin = f"ex:page:{exercise}:1" if exercise in PAGES else f"ex:begin:{exercise}"
    if exercise in FORMS and is_open:
        first = [[(texts.button_go_on, "ex:resume")], [(texts.button_anew, begin)]]
    else:
        first = [[(texts.button_begin, begin)]]
    return button_rows([*first, [(texts.button_menu, MENU)]])


def under_page(texts: ExerciseTexts, exercise: Exercise, number: int) -> InlineKeyboardMarkup:
    """Under a page that is read."""
    is_last = number >= PAGES.get(exercise, 0)
    onward = (
        (texts.button_done, MENU)
        if is_last
        else (texts.button_next, f"ex:page:{exercise}:{number + 1}")
    )
    rows = [[onward]] if is_last else [[onward], [(texts.button_menu, MENU)]]
    return button_rows(rows)


def while_breathing(texts: ExerciseTexts) -> InlineKeyboardMarkup:
    """Under breathing that is led."""
    return button_row((texts.button_stop, "ex:halt"))


def after_breathing(texts: ExerciseTexts, exercise: Exercise) -> InlineKeyboardMarkup:
    """Under breathing that has ended."""
    again = exercise if exercise in PATTERNS else Exercise.BREATH_478
    return button_rows([[(texts.button_again, f"ex:begin:{again}")], [(texts.button_menu, MENU)]])


def under_step(texts: ExerciseTexts, form_step: FormStep) -> InlineKeyboardMarkup:
    """Under a step that is asked."""
    rows = []
    if form_step.rates is not None:
        rates = [(str(value), f"ex:rate:{form_step.name}:{value}") for value in range(11)]
        rows = [rates[:6], rates[6:]]
    skip = (texts.button_skip, f"ex:skip:{form_step.name}")
    return button_rows([*rows, [skip, (texts.button_leave, "ex:leave")]])


def at_the_end(texts: ExerciseTexts) -> InlineKeyboardMarkup:
    """Under a sheet that is written."""
    return button_row((texts.button_keep, "ex:keep"), (texts.button_toss, "ex:toss"))


def while_left(texts: ExerciseTexts) -> InlineKeyboardMarkup:
    """Under a sheet that waits half written."""
    return button_row((texts.button_go_on, "ex:resume"), (texts.button_toss, "ex:toss"))


def back_to_menu(texts: ExerciseTexts) -> InlineKeyboardMarkup:
    """Under what has ended."""
    return button_row((texts.button_menu, MENU))


def kept_sheets(texts: ExerciseTexts, sheets: Sequence[tuple[int, str]]) -> InlineKeyboardMarkup:
    """The sheets that were kept, by id and label, one a row."""
    rows = [[(label, f"ex:look:{sheet_id}")] for sheet_id, label in sheets]
    return button_rows([*rows, [(texts.button_menu, MENU)]])


def under_sheet(texts: ExerciseTexts, sheet_id: int) -> InlineKeyboardMarkup:
    """Under a sheet that was kept."""
    return button_rows(
        [[(texts.button_toss, f"ex:drop:{sheet_id}")], [(texts.button_menu, "ex:kept")]]
    )


def with_exercise(
    texts: ExerciseTexts, keyboard: InlineKeyboardMarkup, exercise: Exercise
) -> InlineKeyboardMarkup:
    """The buttons under an answer, and below them one that opens an exercise beside it."""
    offer = InlineKeyboardButton(
        text_of(texts, "name", exercise), callback_data=f"ex:offer:{exercise}"
    )
    return InlineKeyboardMarkup([*keyboard.inline_keyboard, [offer]])
