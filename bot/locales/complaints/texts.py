"""The texts for who complains, by name; read as strictly as all others."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from bot.locales.catalog import read_texts
from bot.locales.templates import Template

if TYPE_CHECKING:
    from bot.locales.language import Language


class ComplaintDueText(Template):
    """A complaint by its {number}, and the {day} by which it is answered."""

    __slots__ = ()
    placeholders = frozenset({"number", "day"})

    def __call__(self, *, number: int, day: str) -> str:
        """The text, filled in."""
        return self.text.format(number=number, day=day)


class ComplaintAnswerText(Template):
    """The {answer} to a complaint, by its {number}."""

    __slots__ = ()
    placeholders = frozenset({"number", "answer"})

    def __call__(self, *, number: int, answer: str) -> str:
        """The text, filled in."""
        return self.text.format(number=number, answer=answer)


class ComplaintDaysText(Template):
    """How to complain, and within how many {days} an answer comes."""

    __slots__ = ()
    placeholders = frozenset({"days"})

    def __call__(self, *, days: int) -> str:
        """The text, filled in."""
        return self.text.format(days=days)


@dataclass(frozen=True, slots=True)
class ComplaintTexts:
    """The texts of one language; the file of the language has exactly these keys."""

    how: ComplaintDaysText
    taken: ComplaintDueText
    waits: ComplaintDueText
    answered: ComplaintAnswerText
    too_long: str
    too_many: str
    in_private: str


@cache
def complaint_texts_for(language: Language) -> ComplaintTexts:
    """The texts of a language, read from its file once. Raises LocaleError."""
    return read_texts(ComplaintTexts, "bot.locales.complaints", language)
