"""The texts of the exercises, by name; read as strictly as all others."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from bot.locales.catalog import read_texts
from bot.locales.templates import CountText, Template

if TYPE_CHECKING:
    from bot.locales.language import Language


class RoundText(Template):
    """A text about a round: {number} of {count}."""

    __slots__ = ()
    placeholders = frozenset({"number", "count"})

    def __call__(self, *, number: int, count: int) -> str:
        """The text, filled in."""
        return self.text.format(number=number, count=count)


class ChangeText(Template):
    """A text about a feeling, 0 to 10: {before} and {after}."""

    __slots__ = ()
    placeholders = frozenset({"before", "after"})

    def __call__(self, *, before: int, after: int) -> str:
        """The text, filled in."""
        return self.text.format(before=before, after=after)


@dataclass(frozen=True, slots=True)
class ExerciseTexts:
    """The texts of one language.

    `name_` and `intro_` are followed by an exercise, `page_` by an exercise and a number, `ask_`,
    `label_` and `end_` by an exercise and, but for the last, a step.
    """

    menu: str
    menu_in_danger: str
    button_menu: str
    button_begin: str
    button_next: str
    button_done: str
    button_again: str
    button_stop: str
    button_skip: str
    button_go_on: str
    button_anew: str
    button_keep: str
    button_toss: str
    button_kept: CountText
    button_leave: str
    passed: str

    name_breath478: str
    name_breathbox: str
    name_grounding: str
    name_sleep: str
    name_thought: str
    name_worry: str
    name_good: str

    intro_breath478: str
    intro_breathbox: str
    intro_grounding: str
    intro_sleep: str
    intro_thought: str
    intro_worry: str
    intro_good: str

    breath_ready: str
    breath_round: RoundText
    breath_in: CountText
    breath_hold: CountText
    breath_out: CountText
    breath_rest: CountText
    breath_done: str
    breath_stopped: str
    breath_broken: str
    breath_busy: str

    page_grounding_1: str
    page_grounding_2: str
    page_grounding_3: str
    page_grounding_4: str
    page_grounding_5: str
    page_grounding_6: str
    page_sleep_1: str
    page_sleep_2: str
    page_sleep_3: str
    page_sleep_4: str
    page_sleep_5: str

    ask_thought_what: str
    ask_thought_said: str
    ask_thought_before: str
    ask_thought_speaks_for: str
    ask_thought_against: str
    ask_thought_other: str
    ask_thought_after: str
    ask_worry_what: str
    ask_worry_small: str
    ask_worry_when: str
    ask_good_one: str
    ask_good_two: str
    ask_good_three: str

    label_thought_what: str
    label_thought_said: str
    label_thought_speaks_for: str
    label_thought_against: str
    label_thought_other: str
    label_worry_what: str
    label_worry_small: str
    label_worry_when: str
    label_good_one: str
    label_good_two: str
    label_good_three: str

    end_thought: str
    end_worry: str
    end_good: str
    changed: ChangeText
    kept: str
    tossed: str
    left: str
    paused: str
    too_long: str
    in_need: str
    kept_none: str


@cache
def exercise_texts_for(language: Language) -> ExerciseTexts:
    """The texts of a language, read from its file once. Raises LocaleError."""
    return read_texts(ExerciseTexts, "bot.locales.exercises", language)
