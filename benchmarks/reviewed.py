"""Tells the words that people reviewed from the words that a model made."""

from __future__ import annotations

import re
from dataclasses import fields
from functools import cache

from bot.locales import Language, texts_for
from bot.locales.crisis import SECTIONS, crisis_texts_for
from bot.locales.templates import Template
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
            shown = _shown(words)
            if len(shown) >= MIN_TEXT:
                found.append(_pattern(shown))
    return tuple(found)


def _shown(words: str) -> str:
    return "".join(part.text for part in render(words)).strip()


def _pattern(shown: str) -> re.Pattern[str]:
    pieces = (re.escape(piece) for piece in _PLACEHOLDER.split(shown))
    return re.compile(".*".join(pieces), re.DOTALL)


@cache
def _paragraphs(*sections: str) -> tuple[re.Pattern[str], ...]:
    """One pattern a paragraph of these sections of the crisis texts."""
    return tuple(
        _pattern(paragraph)
        for language in Language
        for section in sections
        for text in getattr(crisis_texts_for(language), section).values()
        for paragraph in _shown(text).split("\n\n")
    )


@cache
def _openings() -> tuple[re.Pattern[str], ...]:
    """The first paragraphs of all cards."""
    cards = [text for one in Language for text in crisis_texts_for(one).cards.values()]
    return tuple(_pattern(_shown(text).split("\n\n")[0]) for text in cards)


def is_card(text: str) -> bool:
    """Whether a message is a crisis card, or stands in place of one."""
    paragraphs = text.strip().split("\n\n")
    again = _paragraphs("again")
    return any(pattern.fullmatch(paragraphs[0]) for pattern in _openings()) or any(
        pattern.fullmatch(paragraph) for paragraph in paragraphs[:-1] for pattern in again
    )


def is_reviewed(text: str) -> bool:
    """Whether a message is one of the texts of the locales, whatever stands for a placeholder.

    What people in danger are told is put together of reviewed paragraphs.
    """
    return is_for_danger(text) or any(pattern.fullmatch(text.strip()) for pattern in _patterns())


def is_for_danger(text: str) -> bool:
    """Whether a message is what people in danger are told: a card, or a step of the protocol."""
    crisis = _paragraphs(*SECTIONS)
    return all(
        any(pattern.fullmatch(paragraph) for pattern in crisis)
        for paragraph in text.strip().split("\n\n")
    )


def is_apology(text: str) -> bool:
    """Whether a message ends in the sentence that there is no answer, or only a part of one."""
    return text.strip().endswith(tuple(texts_for(one).error_retry.strip() for one in Language))
