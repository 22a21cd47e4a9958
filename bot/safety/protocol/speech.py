"""A step in words: reviewed texts in the person's language, with the numbers of their place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.locales.crisis import crisis_texts_for
from bot.locales.crisis.texts import fill_in
from bot.safety.hotlines import numbers_for
from bot.safety.protocol.cards import repeated_texts
from bot.safety.protocol.dangers import Danger, line_kinds
from bot.safety.protocol.told import OF_ANOTHER

if TYPE_CHECKING:
    from datetime import datetime

    from bot.locales import Language
    from bot.safety.hotlines import Region
    from bot.safety.levels import RiskLevel
    from bot.safety.protocol.steps import Step


def spoken(
    step: Step,
    language: Language,
    region: Region | None = None,
    *,
    danger: Danger = Danger.SUICIDE,
    at: datetime | None = None,
) -> str:
    """A step as an answer: what was said is taken up, then one question or sentence.

    The lines in it are those of `danger` that are open `at` a moment (None: an ordinary noon).
    """
    return _joined(_parts(step, language), language, region, danger=danger, at=at)


def spoken_again(
    step: Step,
    level: RiskLevel,
    danger: Danger,
    number: int,
    language: Language,
    region: Region | None = None,
    *,
    at: datetime | None = None,
) -> str:
    """A step in place of a card that was shown a while ago: whom to call stands in between."""
    *first, last = _parts(step, language)
    texts = repeated_texts(level, danger, language)
    whom_to_call, _, _ = texts[number % len(texts)].rpartition("\n\n")
    return _joined([*first, whom_to_call, last], language, region, danger=danger, at=at)


def question_of_another(language: Language, region: Region | None = None) -> str:
    """What is asked of who fears for another person."""
    question = crisis_texts_for(language).questions[OF_ANOTHER].strip()
    return _joined([question], language, region, danger=Danger.OTHER, at=None)


def word(
    key: str,
    language: Language,
    region: Region | None = None,
    *,
    danger: Danger = Danger.SUICIDE,
    at: datetime | None = None,
) -> str:
    """One of the other texts of the protocol; its lines as in `spoken`."""
    return _joined([crisis_texts_for(language).words[key]], language, region, danger=danger, at=at)


def _parts(step: Step, language: Language) -> list[str]:
    texts = crisis_texts_for(language)
    parts = []
    if step.aside is not None:
        parts.append(texts.words[step.aside])
    if step.heard is not None:
        parts.append(texts.heard[step.heard])
    if step.feeling is not None:
        parts.append(texts.feelings[step.feeling])
    parts.append(texts.words[step.words] if step.words else texts.questions[step.id])
    return parts


def _joined(
    parts: list[str],
    language: Language,
    region: Region | None,
    *,
    danger: Danger,
    at: datetime | None,
) -> str:
    numbers = numbers_for(language, region, kinds=line_kinds(danger), at=at)
    return fill_in("\n\n".join(parts), numbers)
