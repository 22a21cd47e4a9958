"""The texts about who may use the bot, by name; read as strictly as all others."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from bot.locales.catalog import read_texts
from bot.locales.templates import Template

if TYPE_CHECKING:
    from bot.locales.language import Language


class RefusalText(Template):
    """A text that ends with whom to call: {lines}."""

    __slots__ = ()
    placeholders = frozenset({"lines"})

    def __call__(self, *, lines: str) -> str:
        """The text, filled in."""
        return self.text.format(lines=lines)


class ServiceEndsText(Template):
    """That the service ends on {day}, with whom to call then: {lines}."""

    __slots__ = ()
    placeholders = frozenset({"day", "lines"})

    def __call__(self, *, day: str, lines: str) -> str:
        """The text, filled in."""
        return self.text.format(day=day, lines=lines)


@dataclass(frozen=True, slots=True)
class AccessTexts:
    """The texts of one language; the file of the language has exactly these keys."""

    refused_banned: RefusalText
    refused_full: RefusalText
    refused_invite: RefusalText
    refused_list: RefusalText
    refused_button: str
    refused_group: str

    invite_welcome: str
    invite_gone: RefusalText
    invite_after_erase: str

    too_fast: str
    paused: str
    paused_button: str

    service_ends: ServiceEndsText


@cache
def access_texts_for(language: Language) -> AccessTexts:
    """The texts of a language, read from its file once. Raises LocaleError."""
    return read_texts(AccessTexts, "bot.locales.access", language)
