"""Where an exercise fits what a person wrote: a button under the answer, once in some hours."""

from __future__ import annotations

import tomllib
from collections import OrderedDict
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from bot.locales.exercises import exercise_texts_for
from bot.safety import RiskLevel
from bot.safety.normalize import normalize
from bot.safety.quoted import own_words
from bot.telegram.chat_ids import is_private
from bot.telegram.features.exercises.catalog import Exercise
from bot.telegram.features.exercises.keyboards import with_exercise

if TYPE_CHECKING:
    from collections.abc import Callable

    from telegram import InlineKeyboardMarkup

    from bot.conversation.companion import Plan

EVERY = 6 * 3600.0
"""Seconds in which a person is offered something once."""
REMEMBERED = 4096
"""People of whom it is kept in mind; the longest ago is forgotten first."""


@dataclass(frozen=True, slots=True)
class _Offers:
    """The data file, read."""

    words: tuple[tuple[str, Exercise], ...]
    not_behind: tuple[str, ...]


@cache
def _offers() -> _Offers:
    document = resources.files(__package__).joinpath("offers.toml").read_text("utf-8")
    data = tomllib.loads(document)
    words = tuple(
        (normalize(word), Exercise(offer["exercise"]))
        for offer in data["offer"]
        for word in offer["words"]
    )
    return _Offers(words, tuple(data["not_behind"]))


def exercise_for(text: str) -> Exercise | None:
    """The exercise that fits what a person wrote; None: none does."""
    offers, read = _offers(), normalize(own_words(text))
    for word, exercise in offers.words:
        before, found, _ = read.partition(word)
        if found and not before.endswith(offers.not_behind):
            return exercise
    return None


class ExerciseOffers:
    """Puts an exercise under an answer where it fits, and never where danger is known."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._offered: OrderedDict[int, float] = OrderedDict()

    def beside(self, plan: Plan, keyboard: InlineKeyboardMarkup) -> InlineKeyboardMarkup:
        """The buttons under the answer to a turn, with one more where an exercise fits."""
        if not is_private(plan.turn.chat_id) or plan.level is not RiskLevel.NONE or plan.card_asks:
            return keyboard
        user_id, now = plan.turn.user_id, self._clock()
        last = self._offered.get(user_id)
        if last is not None and now - last < EVERY:
            return keyboard
        exercise = exercise_for(plan.turn.user_text)
        if exercise is None:
            return keyboard
        self._offered[user_id] = now
        self._offered.move_to_end(user_id)
        if len(self._offered) > REMEMBERED:
            self._offered.popitem(last=False)
        return with_exercise(exercise_texts_for(plan.language), keyboard, exercise)
