"""The texts of the care finder, by name; read as strictly as all others."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from bot.locales.catalog import read_texts
from bot.locales.templates import EmergencyText, RegionText, Template

if TYPE_CHECKING:
    from bot.locales.language import Language


class YouthText(Template):
    """A text for those under 18: {lines}, whom young people can call."""

    __slots__ = ()
    placeholders = frozenset({"lines"})

    def __call__(self, *, lines: str) -> str:
        """The text, filled in."""
        return self.text.format(lines=lines)


class SourceText(Template):
    """Who says so: {source}, and when: {dated}."""

    __slots__ = ()
    placeholders = frozenset({"source", "dated"})

    def __call__(self, *, source: str, dated: str) -> str:
        """The text, filled in."""
        return self.text.format(source=source, dated=dated)


class PageText(Template):
    """A text about one of the pages: {page}, its name."""

    __slots__ = ()
    placeholders = frozenset({"page"})

    def __call__(self, *, page: str) -> str:
        """The text, filled in."""
        return self.text.format(page=page)


@dataclass(frozen=True, slots=True)
class CareTexts:
    """The texts of one language. `name_` is followed by a page and stands on its button, too."""

    start: EmergencyText
    region: RegionText
    no_region: str
    minor: YouthText
    perhaps_minor: str
    who_is_told: str
    fears: str
    where: str
    sources: PageText
    source: SourceText

    name_school: str
    name_hospital: str
    name_say: str
    name_cost: str
    name_records: str
    name_hurt: str
    name_known: str
    name_kept: str
    name_medicine: str
    name_money: str
    name_family: str

    button_fears: str
    button_where: str
    button_back: str
    button_sources: str


@cache
def care_texts_for(language: Language) -> CareTexts:
    """The texts of a language, read from its file once. Raises LocaleError."""
    return read_texts(CareTexts, "bot.locales.care", language)
