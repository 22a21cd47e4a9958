"""The texts of the crisis protocol by section and id, and the numbers that are put into them.

Which ids there have to be is written in `bot.safety.protocol`; a test compares the two, and the
languages with each other.
"""

from __future__ import annotations

import re
import string
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING

from bot.locales.catalog import LocaleError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.locales.language import Language

SECTIONS = ("cards", "again", "heard", "feelings", "questions", "words")
PLACEHOLDERS = frozenset({"lines", "emergency", "police", "ambulance"})

_HAN = r"[\u3400-\u9fff]"
_GLUED = re.compile(rf"(?<={_HAN})(?=\d)|(?<=\d)(?={_HAN})")


@dataclass(frozen=True, slots=True)
class CrisisTexts:
    """The reviewed texts of one language. Each section maps an id to a text with placeholders."""

    cards: Mapping[str, str]
    """By kind of danger: the first thing that is read."""
    again: Mapping[str, str]
    """In place of a card that was shown a while ago; their ids end in a number from 1 on."""
    heard: Mapping[str, str]
    """One sentence that takes up what was just said."""
    feelings: Mapping[str, str]
    """The same, where what was said is only a concern."""
    questions: Mapping[str, str]
    words: Mapping[str, str]
    """Everything else that is said."""


@cache
def crisis_texts_for(language: Language) -> CrisisTexts:
    """The texts of a language, read from its file once. Raises LocaleError."""
    source = resources.files("bot.locales.crisis").joinpath(f"{language.value}.toml")
    return build_crisis_texts(tomllib.loads(source.read_text(encoding="utf-8")))


def build_crisis_texts(sections: Mapping[str, Mapping[str, object]]) -> CrisisTexts:
    """The texts from section to id to text. Raises LocaleError that names what is at fault."""
    if sections.keys() != set(SECTIONS):
        raise LocaleError(f"expected the sections {SECTIONS}, found {tuple(sections)}")
    return CrisisTexts(
        **{
            name: MappingProxyType(
                {key: _checked(f"{name}.{key}", text) for key, text in sections[name].items()}
            )
            for name in SECTIONS
        }
    )


def fill_in(text: str, numbers: Mapping[str, str]) -> str:
    """A text with its numbers, which never stick to the Chinese characters around them."""
    filled = text.format(**numbers)
    return filled if filled == text else _GLUED.sub(" ", filled)


def placeholders(text: str) -> frozenset[str]:
    """The names of the placeholders of a text. Raises ValueError: it is broken."""
    return frozenset(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def _checked(key: str, text: object) -> str:
    if not isinstance(text, str) or not text.strip():
        raise LocaleError(f"{key}: expected a text that is not empty")
    try:
        unknown = placeholders(text) - PLACEHOLDERS
    except ValueError as error:
        raise LocaleError(f"{key}: broken placeholder: {error}") from error
    if unknown:
        raise LocaleError(f"{key}: unknown placeholders {sorted(unknown)}")
    return text.strip()
