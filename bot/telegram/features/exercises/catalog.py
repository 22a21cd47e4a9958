"""What exercises there are, and what each is made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from bot.locales.exercises import ExerciseTexts
    from bot.storage.exercises import When

Phase = Literal["in", "hold", "out", "rest"]

MAX_LINE = 400
"""Characters of a line."""
END = "end"
"""The step behind the last: the sheet waits to be kept or thrown away."""


class Exercise(StrEnum):
    """The exercises, in the order of the menu."""

    BREATH_478 = "breath478"
    BREATH_BOX = "breathbox"
    GROUNDING = "grounding"
    SLEEP = "sleep"
    THOUGHT = "thought"
    WORRY = "worry"
    GOOD = "good"


@dataclass(frozen=True, slots=True)
class Pattern:
    """How to breathe: the phases of a round, each with its seconds, and how many rounds."""

    phases: tuple[tuple[Phase, int], ...]
    rounds: int


@dataclass(frozen=True, slots=True)
class FormStep:
    """A step of an exercise that is written down; `rates`: it asks for a number, not a line."""

    name: str
    rates: When | None = None


PATTERNS = {
    Exercise.BREATH_478: Pattern((("in", 4), ("hold", 7), ("out", 8)), rounds=4),
    Exercise.BREATH_BOX: Pattern((("in", 4), ("hold", 4), ("out", 4), ("rest", 4)), rounds=5),
}
PAGES = {Exercise.GROUNDING: 6, Exercise.SLEEP: 5}
"""How many pages the exercises have that are read, one after the other."""
FORMS = {
    Exercise.THOUGHT: (
        FormStep("what"),
        FormStep("said"),
        FormStep("before", rates="before"),
        FormStep("speaks_for"),
        FormStep("against"),
        FormStep("other"),
        FormStep("after", rates="after"),
    ),
    Exercise.WORRY: (FormStep("what"), FormStep("small"), FormStep("when")),
    Exercise.GOOD: (FormStep("one"), FormStep("two"), FormStep("three")),
}


def form_step(exercise: Exercise, name: str) -> FormStep | None:
    """A step of an exercise that is written down; None for the end, and for what is no step."""
    return next((step for step in FORMS.get(exercise, ()) if step.name == name), None)


def step_behind(exercise: Exercise, name: str) -> str:
    """The name of the step behind another; `END` behind the last."""
    names = [step.name for step in FORMS[exercise]]
    return [*names, END][names.index(name) + 1]


def text_of(texts: ExerciseTexts, kind: str, exercise: Exercise, step: object = None) -> str:
    """A text of an exercise, or of one of its steps."""
    key = f"{kind}_{exercise}" if step is None else f"{kind}_{exercise}_{step}"
    return str(getattr(texts, key))
