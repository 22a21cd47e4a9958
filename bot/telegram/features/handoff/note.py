"""What the next human learns of a person they take over from another: no word of the person."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.locales.crisis import crisis_texts_for
from bot.locales.crisis.texts import fill_in
from bot.safety import level_at
from bot.safety.hotlines import numbers_for
from bot.telegram.features.handoff.alert_messages import level_name
from bot.telegram.oncall_rota import told_time

if TYPE_CHECKING:
    from datetime import tzinfo

    from bot.locales import Language, Texts
    from bot.storage import ExportedCard, Handover
    from bot.telegram.context import Context

MAX_QUESTIONS = 12
"""The newest ones: a note is read in a minute."""
MAX_CARDS = 6
BEFORE = timedelta(minutes=10)
"""How much older than the hand-over the card that brought it may be."""


async def handover_note(
    context: Context, handover: Handover, texts: Texts, language: Language, zone: tzinfo | None
) -> str:
    """How serious it was and is, since when, which cards were shown and what was asked.

    `texts` and `zone` are those of the admin who reads it. Raises StorageError.
    """
    storage, now = context.storage, context.now()
    risk = await storage.risk.for_user(handover.user_id)
    shown = await storage.cards.list_for_user(handover.user_id)
    talk = await storage.crisis_talks.for_user(handover.user_id)
    cards = [card for card in shown if card.at >= handover.opened_at - BEFORE]
    return texts.desk_note(
        highest=level_name(texts, handover.level),
        level=level_name(texts, level_at(risk.ends, now)),
        at=told_time(handover.opened_at, zone),
        count=int((now - handover.opened_at).total_seconds() // 60),
        cards=_cards(cards[-MAX_CARDS:], texts, zone),
        questions=_questions(talk.asked, texts, language),
    )


def _cards(cards: list[ExportedCard], texts: Texts, zone: tzinfo | None) -> str:
    shown = [f"\n· {told_time(card.at, zone)} {level_name(texts, card.level)}" for card in cards]
    return "".join(shown) or texts.desk_note_nothing


def _questions(asked: tuple[str, ...], texts: Texts, language: Language) -> str:
    questions = crisis_texts_for(language).questions
    numbers = numbers_for(language)
    rows = [f"\n· {fill_in(questions[one], numbers)}" for one in asked if one in questions]
    return "".join(rows[-MAX_QUESTIONS:]) or texts.desk_note_nothing
