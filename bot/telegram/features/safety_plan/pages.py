"""What the safety plan looks like: its overview, its questions, and the lines on a card."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.safety import card_hotlines
from bot.storage import PlanStep

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.locales import Language
    from bot.locales.plan import PlanTexts
    from bot.safety import Region
    from bot.storage import SafetyPlan

MAX_LINES = 6
"""Lines of a step: what is longer is read by no person in a hard hour."""
MAX_LINE = 200
ON_CARD = 60
"""Characters of a line that a crisis card has room for."""

# What people wrote stands inside a card, and nothing of it may be read as Markdown there.
_NOT_ON_A_CARD = re.compile(r"[*_`~\[\]<>|#\\&$!]")


def name_of(texts: PlanTexts, step: PlanStep) -> str:
    """What a step is called."""
    return str(getattr(texts, f"name_{step}"))


def ready_lines(texts: PlanTexts, step: PlanStep) -> tuple[str, ...]:
    """The lines of a step that a button adds."""
    return tuple(getattr(texts, f"ready_{step}").splitlines())


def overview(texts: PlanTexts, plan: SafetyPlan, language: Language, region: Region | None) -> str:
    """The whole plan; the lines to call are those of the region, from the checked file."""
    blocks = [texts.title]
    for step in PlanStep:
        rows = _rows(plan.of(step))
        if step is PlanStep.PROFESSIONALS:
            rows = [*rows, card_hotlines(language, region)]
        blocks.append(
            "\n".join([f"{step.number}. {name_of(texts, step)}", *(rows or [texts.empty])])
        )
    return "\n\n".join([*blocks, texts.owner])


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


def lines_on_card(texts: PlanTexts, lines: Sequence[str]) -> str | None:
    """The first lines of a plan as a crisis card carries them; None if there are none."""
    shown = [" ".join(_NOT_ON_A_CARD.sub("", line).split())[:ON_CARD] for line in lines]
    rows = _rows([line for line in shown if line])
    return texts.on_card(lines="\n".join(rows)) if rows else None


def _rows(lines: Sequence[str]) -> list[str]:
    return [f"· {line}" for line in lines]
