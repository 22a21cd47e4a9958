"""Cards: the first thing a person in danger reads. Reviewed texts, never model output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.locales import texts_for
from bot.locales.crisis import crisis_texts_for
from bot.locales.crisis.texts import fill_in
from bot.safety.hotlines import numbers_for
from bot.safety.levels import RiskLevel
from bot.safety.protocol.dangers import Danger, line_kinds
from bot.safety.utterance import Utterance

if TYPE_CHECKING:
    from datetime import datetime

    from bot.locales import Language
    from bot.safety.hotlines import Region

# The text of a card for high and for imminent; most dangers have one for both.
_BY_LEVEL = {
    Danger.SUICIDE: ("suicide_high", "suicide_imminent"),
    Danger.VIOLENCE: ("violence_told", "violence_now"),
    Danger.ASSAULT: ("assault_told", "assault_now"),
    Danger.CHILD: ("child_told", "child_now"),
}
_ASKED_BY_CARD = {
    "suicide_high": ("safe",),
    "suicide_imminent": ("alone",),
    "body": ("nearest",),
    "violence_now": ("leave",),
    "violence_told": ("safe",),
    "assault_now": ("safe_here",),
    "assault_told": ("can_come_near",),
    "child_now": ("leave",),
    "child_told": ("home_today",),
    "child_other": ("child_safe",),
    "threat": ("threat_near",),
    "voices": ("voices_say",),
    "other": ("other_with",),
    "other_harm": ("other_safe",),
    "eating": ("dizzy",),
}
_SAVES = {
    Danger.SUICIDE: ("gas", "high_place", "water_place", "rail_place"),
    Danger.BODY: ("gas", "high_place", "water_place", "rail_place"),
    Danger.VIOLENCE: ("weapon", "child_there"),
    Danger.ASSAULT: ("weapon",),
    Danger.CHILD: ("weapon",),
}
"""What takes up a message and tells what to do this minute: it stands before a whole card, too.

Not where a voice names the place, or another is there.
"""
_HELPERS = (Danger.OTHER, Danger.CHILD_OTHER, Danger.OTHER_HARM)


def needs_card(level: RiskLevel) -> bool:
    """Whether a crisis card goes out, before anything else."""
    return level >= RiskLevel.HIGH


def card_id(level: RiskLevel, danger: Danger) -> str:
    """The id of the text of a card. Raises ValueError below high, which has none."""
    _refuse_below_high(level)
    high, imminent = _BY_LEVEL.get(danger, (danger.value, danger.value))
    return imminent if level is RiskLevel.IMMINENT else high


def card(
    level: RiskLevel,
    language: Language,
    region: Region | None = None,
    *,
    danger: Danger = Danger.SUICIDE,
    at: datetime | None = None,
    is_minor: bool | None = None,
    heard: str | None = None,
) -> str:
    """The card of a danger, its lines by place and moment (None: an ordinary noon).

    `is_minor` is what the person has said of their age, `heard` the sentence that would take up
    their words: it stands first where it tells what to do. Raises ValueError below high, which has
    none.
    """
    texts = crisis_texts_for(language)
    body, question = texts.cards[card_id(level, danger)].rsplit("\n\n", 1)
    parts = [body, question]
    if (for_age := _for_age(danger, is_minor)) is not None:
        parts.insert(1, texts.words[for_age])
    if takes_up(heard, danger):
        parts.insert(0, texts.heard[str(heard)])
    kinds = line_kinds(danger, is_minor=is_minor)
    return fill_in("\n\n".join(parts), numbers_for(language, region, kinds=kinds, at=at))


def takes_up(heard: str | None, danger: Danger) -> bool:
    """Whether a whole card begins with the sentence that takes up what was said."""
    return heard in _SAVES.get(danger, ())


def _for_age(danger: Danger, is_minor: bool | None) -> str | None:
    """What a card says besides to who has not said how old they are, or is a child who helps."""
    if danger is Danger.ASSAULT and is_minor is None:
        return "perhaps_minor"
    return "young_helper" if danger in _HELPERS and is_minor else None


def covered_by(level: RiskLevel, danger: Danger) -> tuple[RiskLevel, frozenset[Danger]]:
    """From which level on a card of which dangers has said all that this one would say."""
    alike = {Danger.VIOLENCE, Danger.CHILD}
    covering = alike if danger in alike else {danger}
    return (level if danger in _BY_LEVEL else RiskLevel.HIGH), frozenset(covering)


def asked_by_card(level: RiskLevel, danger: Danger) -> tuple[str, ...]:
    """The ids of the questions in a card, the last one last."""
    return _ASKED_BY_CARD[card_id(level, danger)]


def repeated_card(
    level: RiskLevel,
    language: Language,
    number: int,
    region: Region | None = None,
    *,
    danger: Danger = Danger.SUICIDE,
) -> str:
    """What is said soon after the card of this danger: shorter, and it asks.

    For where nothing is known of what was asked before, else see `steps`. `number` counts the
    cards of a person; two in a row never read the same. Raises ValueError below high.
    """
    _refuse_below_high(level)
    texts = repeated_texts(level, danger, language)
    return fill_in(texts[number % len(texts)], numbers_for(language, region))


def repeated_texts(level: RiskLevel, danger: Danger, language: Language) -> list[str]:
    """What stands in place of a card that was shown: whom to call, and behind it a question."""
    name = card_id(level, danger) if danger is Danger.SUICIDE else danger.value
    again = crisis_texts_for(language).again
    return [text for key, text in again.items() if key.rpartition("_")[0] == name]


def asked_outside_answers(
    check_in: bool, language: Language, question: str | None = None
) -> Utterance:
    """What a card, a button or a check-in asked, for the detector to read a short reply with.

    `question` is the id of what was asked last, where it is known.
    """
    if check_in:
        return Utterance(texts_for(language).risk_check_in, by_bot=True)
    asked = crisis_texts_for(language).questions.get(question or "")
    return Utterance(asked or card(RiskLevel.HIGH, language), by_bot=True)


def _refuse_below_high(level: RiskLevel) -> None:
    if not needs_card(level):
        raise ValueError(f"no card at level {level.label}")
