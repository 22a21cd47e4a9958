"""The texts about the talk itself, by name; read as strictly as all others."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from bot.locales.catalog import read_texts
from bot.locales.templates import Template

if TYPE_CHECKING:
    from bot.locales.language import Language


class SaidText(Template):
    """A text about a line: {said}, its words."""

    __slots__ = ()
    placeholders = frozenset({"said"})

    def __call__(self, *, said: str) -> str:
        """The text, filled in."""
        return self.text.format(said=said)


class KeptLineText(Template):
    """A line that is remembered: {said}, since {noted}, until {until}."""

    __slots__ = ()
    placeholders = frozenset({"said", "noted", "until"})

    def __call__(self, *, said: str, noted: str, until: str) -> str:
        """The text, filled in."""
        return self.text.format(said=said, noted=noted, until=until)


@dataclass(frozen=True, slots=True)
class TalkTexts:
    """The texts of one language; `button_` stands on a button, `manner_` names a way to speak."""

    # What is remembered of a person
    memory_shown: SaidText
    memory_none: str
    memory_off: str
    memory_kind_name: str
    memory_kind_person: str
    memory_kind_event: str
    memory_kind_helps: str
    memory_kind_manner: str
    memory_choose: SaidText
    memory_line: KeptLineText
    memory_ask: SaidText
    memory_corrected: str
    memory_not_kept: str
    memory_gone: str
    memory_forget_ask: str
    memory_forgotten: str
    manner_short: str
    manner_listen: str
    manner_advice: str
    manner_no_questions: str
    manner_no_lectures: str
    manner_gentle: str
    manner_direct: str
    manner_formal: str
    button_change: str
    button_correct: str
    button_delete: str
    button_forget: str
    button_forget_yes: str
    button_off: str
    button_on: str
    button_back: str


@cache
def talk_texts_for(language: Language) -> TalkTexts:
    """The texts of a language, read from its file once. Raises LocaleError."""
    return read_texts(TalkTexts, "bot.locales.talk", language)
