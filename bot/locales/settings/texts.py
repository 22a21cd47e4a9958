"""The texts of /settings, by name; read as strictly as all others."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from bot.locales.catalog import read_texts
from bot.locales.templates import Template

if TYPE_CHECKING:
    from bot.locales.language import Language


class ValueText(Template):
    """A text with what is set now: {value}."""

    __slots__ = ()
    placeholders = frozenset({"value"})

    def __call__(self, *, value: str) -> str:
        """The text, filled in."""
        return self.text.format(value=value)


class ClockText(Template):
    """A text with what a clock shows in a place: {time}, {place}."""

    __slots__ = ()
    placeholders = frozenset({"time", "place"})

    def __call__(self, *, time: str, place: str) -> str:
        """The text, filled in."""
        return self.text.format(time=time, place=place)


class SpanText(Template):
    """A text with two times of the day: {begin}, {end}."""

    __slots__ = ()
    placeholders = frozenset({"begin", "end"})

    def __call__(self, *, begin: str, end: str) -> str:
        """The text, filled in."""
        return self.text.format(begin=begin, end=end)


@dataclass(frozen=True, slots=True)
class SettingsTexts:
    """The texts of one language. `row_` is a button of the screen, `ask_` what its page says."""

    title: str
    button_back: str
    chosen: ValueText
    saved: str

    row_language: ValueText
    ask_language: str
    language_zh_cn: str
    language_zh_tw: str
    language_en: str
    language_auto: str

    row_manner: ValueText
    ask_manner: str
    manner_listen: str
    manner_advise: str
    manner_both: str

    row_length: ValueText
    ask_length: str
    length_brief: str
    length_usual: str

    row_quiet: ValueText
    ask_quiet: str
    quiet_none: str
    quiet_hours: SpanText

    row_zone: ClockText
    ask_zone: str
    ask_zone_once: ClockText
    zone_button: ClockText
    zone_asia_shanghai: str
    zone_asia_taipei: str
    zone_asia_hong_kong: str
    zone_asia_singapore: str
    zone_asia_tokyo: str
    zone_australia_sydney: str
    zone_pacific_auckland: str
    zone_europe_london: str
    zone_europe_paris: str
    zone_america_new_york: str
    zone_america_chicago: str
    zone_america_los_angeles: str

    row_region: ValueText
    ask_region: str
    ask_region_once: str
    region_by_language: str
    region_elsewhere: str

    row_check_ins: ValueText
    ask_check_ins: str
    check_ins_on: str
    check_ins_off: str


@cache
def settings_texts_for(language: Language) -> SettingsTexts:
    """The texts of a language, read from its file once. Raises LocaleError."""
    return read_texts(SettingsTexts, "bot.locales.settings", language)
