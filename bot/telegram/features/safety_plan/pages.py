"""What the safety plan looks like: its overview, its questions, and the lines on a card."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.locales import Language
from bot.locales.plan import plan_texts_for
from bot.safety import card_hotlines
from bot.storage import PlanStep
from bot.telegram.features.safety_plan.words import says_nothing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.locales.plan import PlanTexts
    from bot.safety import Region
    from bot.storage import SafetyPlan

MAX_LINES = 6
"""Lines of a step: what is longer is read by no person in a hard hour."""
MAX_LINE = 400
ON_CARD = 60
"""Characters of a line that a crisis card has room for."""
LONG = 30
"""Characters of a line with which somebody may have wanted to be heard, not only to fill it in."""
HELPFUL_FIRST = (PlanStep.ALONE, PlanStep.COMPANY, PlanStep.PEOPLE)
"""The steps whose first lines help in the hour of danger."""

# What people wrote stands inside a card, and nothing of it may be read as Markdown there.
_NOT_ON_A_CARD = re.compile(r"[*_`~\[\]<>|#\\&$!]")


def name_of(texts: PlanTexts, step: PlanStep) -> str:
    """What a step is called."""
    return str(getattr(texts, f"name_{step}"))


def ready_lines(texts: PlanTexts, step: PlanStep) -> tuple[str, ...]:
    """The lines of a step that a button adds."""
    return tuple(getattr(texts, f"ready_{step}").splitlines())


def overview(texts: PlanTexts, plan: SafetyPlan, language: Language, region: Region | None) -> str:
    """What is written of the plan; the lines to call are those of the region, from the file."""
    blocks = [texts.title]
    for step in PlanStep:
        rows = _rows(plan.of(step))
        if step is PlanStep.PROFESSIONALS:
            own = ["\n".join([texts.own_words, *rows])] if rows else []
            rows = [card_hotlines(language, region), *own]
        if rows:
            blocks.append("\n".join([f"{step.number}. {name_of(texts, step)}", *rows]))
    if left := len(open_steps(plan)):
        blocks.append(texts.left_open(count=left))
    return "\n\n".join([*blocks, texts.owner])


def open_steps(plan: SafetyPlan) -> list[PlanStep]:
    """The steps of which nothing is written; at that of professionals the lines stand already."""
    return [step for step in PlanStep if step is not PlanStep.PROFESSIONALS and not plan.of(step)]


def question(
    texts: PlanTexts, step: PlanStep, plan: SafetyPlan, language: Language, region: Region | None
) -> str:
    """What is asked at a step, with what is written there."""
    if step is PlanStep.PROFESSIONALS:
        asks = texts.ask_professionals(lines=card_hotlines(language, region))
    else:
        asks = str(getattr(texts, f"ask_{step}"))
    heading = f"{texts.place_in_order(count=step.number)} · {name_of(texts, step)}"
    blocks = [heading, asks]
    if written := _rows(plan.of(step)):
        blocks.append("\n".join([texts.written, *written]))
    return "\n\n".join([*blocks, texts.how])


def as_noted(texts: PlanTexts, lines: Sequence[str], *, in_need: bool) -> str:
    """What is said of lines that were kept: they are repeated, so that their person sees it."""
    shown = "\n".join(_rows([_cut(line) for line in lines]))
    if in_need:
        return texts.noted_in_need(lines=shown)
    noted = texts.noted(lines=shown)
    return f"{noted}\n\n{texts.talk_on}" if any(len(line) > LONG for line in lines) else noted


def lines_on_card(texts: PlanTexts, plan: SafetyPlan) -> str | None:
    """What helps first in the hour of danger, as a crisis card carries it; None: nothing does.

    One line of each step that a person can act on: their own before a ready one, and none that
    says that nobody is there.
    """
    found = [_helps_most(step, plan.of(step)) for step in HELPFUL_FIRST]
    shown = [" ".join(_NOT_ON_A_CARD.sub("", line).split())[:ON_CARD] for line in found if line]
    rows = _rows([line for line in shown if line])
    return texts.on_card(lines="\n".join(rows)) if rows else None


def _helps_most(step: PlanStep, lines: Sequence[str]) -> str | None:
    ready = {line for language in Language for line in ready_lines(plan_texts_for(language), step)}
    told = [line for line in lines if not says_nothing(line, step)]
    return next(iter(sorted(told, key=lambda line: line in ready)), None)


def _cut(line: str) -> str:
    line = " ".join(line.split())
    return line if len(line) <= ON_CARD else f"{line[:ON_CARD]}……"


def _rows(lines: Sequence[str]) -> list[str]:
    return [f"· {line}" for line in lines]
