"""Tells the words that people reviewed from the words that a model made."""

from __future__ import annotations

import re
from dataclasses import fields
from functools import cache

from bot.locales import Language, texts_for
from bot.locales.texts import Template
from bot.telegram.outbound.rendering import render

MIN_TEXT = 6
"""Characters; shorter ones are labels of buttons."""
_PLACEHOLDER = re.compile(r"\{\w+\}")


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    """One pattern a text of the locales, as Telegram shows it; a placeholder is anything."""
    found = []
    for language in Language:
        texts = texts_for(language)
        for field in fields(texts):
            text = getattr(texts, field.name)
            words = text.text if isinstance(text, Template) else text
            shown = "".join(part.text for part in render(words)).strip()
            if len(shown) >= MIN_TEXT:
                pieces = (re.escape(piece) for piece in _PLACEHOLDER.split(shown))
                found.append(re.compile(".*".join(pieces), re.DOTALL))
    return tuple(found)


def is_reviewed(text: str) -> bool:
    """Whether a message is one of the texts of the locales, whatever stands for a placeholder."""
    return any(pattern.fullmatch(text.strip()) for pattern in _patterns())


def ends_reviewed(text: str) -> bool:
    """Whether a message ends in one, behind words of the model's."""
    return is_reviewed(text.rpartition("\n\n")[2]) or is_reviewed(text)
