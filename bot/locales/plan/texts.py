"""The texts of the safety plan, by name; read as strictly as all others."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from bot.locales.catalog import read_texts
from bot.locales.templates import CountText, Template

if TYPE_CHECKING:
    from bot.locales.language import Language


class LinesText(Template):
    """A text with lines of a list: {lines}."""

    __slots__ = ()
    placeholders = frozenset({"lines"})

    def __call__(self, *, lines: str) -> str:
        """The text, filled in."""
        return self.text.format(lines=lines)


@dataclass(frozen=True, slots=True)
class PlanTexts:
    """The texts of one language. `name_`, `ask_` and `ready_` are each followed by a step."""

    intro: str
    title: str
    owner: str
    left_open: CountText
    place_in_order: CountText
    written: str
    own_words: str
    how: str

    name_signs: str
    name_alone: str
    name_company: str
    name_people: str
    name_professionals: str
    name_place: str

    ask_signs: str
    ask_alone: str
    ask_company: str
    ask_people: str
    ask_professionals: LinesText
    ask_place: str

    # Lines to choose by a button, one a row; a person's own words come beside them.
    ready_signs: str
    ready_alone: str
    ready_company: str
    ready_people: str
    ready_professionals: str
    ready_place: str

    noted: LinesText
    noted_in_need: LinesText
    talk_on: str
    left_empty: str
    no_one_yet: str
    set_aside: str
    too_long: str
    full: str
    stopped: str
    stopped_empty: str
    finished: str
    which: str
    clear_ask: str
    delete_ask: str
    deleted: str
    on_card: LinesText

    button_begin: str
    button_go_on: str
    button_change: str
    button_delete: str
    button_delete_yes: str
    button_delete_no: str
    button_next: str
    button_skip: str
    button_back: str
    button_done: str
    button_stop: str
    button_clear: str
    button_clear_yes: str
    button_clear_no: str
    button_plan: str


@cache
def plan_texts_for(language: Language) -> PlanTexts:
    """The texts of a language, read from its file once. Raises LocaleError."""
    return read_texts(PlanTexts, "bot.locales.plan", language)
