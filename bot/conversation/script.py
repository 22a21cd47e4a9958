"""The script of Chinese: models write simplified characters, people read the ones they write.

Converted by OpenCC, word by word, with the characters of Taiwan where traditional is wanted; words
stay the ones that were said.
"""

from __future__ import annotations

from enum import Enum
from functools import cache
from typing import TYPE_CHECKING

import opencc

from bot.locales import Language

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_READ = 400
"""Characters of a message from which its script is told."""


class Script(Enum):
    """A script, by the name of OpenCC's conversion into it."""

    SIMPLIFIED = "t2s"
    TRADITIONAL = "s2tw"


def script_of(text: str) -> Script | None:
    """The script a text is written in; None where it tells of neither, or of both."""
    read = text[:MAX_READ]
    has_traditional = _converter(Script.SIMPLIFIED).convert(read) != read
    has_simplified = _converter(Script.TRADITIONAL).convert(read) != read
    if has_traditional is has_simplified:
        return None
    return Script.TRADITIONAL if has_traditional else Script.SIMPLIFIED


def script_for(chosen: str | None, said: Iterable[str], language: Language) -> Script | None:
    """The script a person is answered in; None: as the model writes.

    Args:
        chosen: the tag of the language they chose.
        said: what they said, newest first.
        language: what the bot speaks to them.
    """
    if chosen is not None:
        return _of_language(Language(chosen))
    found = next((script for text in said if (script := script_of(text)) is not None), None)
    return found or (Script.TRADITIONAL if language is Language.ZH_TW else None)


def write(text: str, script: Script | None) -> str:
    """A text in a script; None: as it is."""
    return text if script is None else str(_converter(script).convert(text))


def _of_language(language: Language) -> Script | None:
    return {Language.ZH_CN: Script.SIMPLIFIED, Language.ZH_TW: Script.TRADITIONAL}.get(language)


@cache
def _converter(script: Script) -> opencc.OpenCC:
    return opencc.OpenCC(script.value)
