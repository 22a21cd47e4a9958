"""The buttons of the safety plan. They say what is to be, not what to change: twice is once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.storage import PlanStep
from bot.telegram.feature import button_row, button_rows
from bot.telegram.features.safety_plan.pages import name_of, ready_lines

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from telegram import InlineKeyboardMarkup

    from bot.locales.plan import PlanTexts
    from bot.telegram.feature import Button

OF_A_STEP = frozenset({"ask", "edit", "keep", "wipe", "clear"})
"""`wipe` asks whether to `clear` a step, and `keep` goes back to it."""
OF_A_LINE = frozenset({"add", "drop"})
OF_THE_PLAN = frozenset({"show", "done", "stop", "steps", "delete", "forget"})


@dataclass(frozen=True, slots=True)
class PressedPlanButton:
    """One of the buttons; `step` and the number of a ready line where it is about one."""

    action: str
    step: PlanStep = PlanStep.SIGNS
    line: int = 0


def parse_plan_button(arguments: Sequence[str]) -> PressedPlanButton:
    """Read the data of a button. Raises ValueError for what no button has."""
    match arguments:
        case [action] if action in OF_THE_PLAN:
            return PressedPlanButton(action)
        case [action, step] if action in OF_A_STEP:
            return PressedPlanButton(action, PlanStep(step))
        case [action, step, line] if action in OF_A_LINE:
            return PressedPlanButton(action, PlanStep(step), int(line))
        case _:
            raise ValueError(arguments)


def begin_plan(texts: PlanTexts) -> InlineKeyboardMarkup:
    """Under what the plan is, for a person who has none."""
    return button_row((texts.button_begin, f"plan:ask:{PlanStep.SIGNS}"))


def go_on_with_plan(texts: PlanTexts, step: PlanStep) -> InlineKeyboardMarkup:
    """Under a question that waits: back to it."""
    return button_row((texts.button_go_on, f"plan:ask:{step}"))


def under_plan(texts: PlanTexts, empty: Sequence[PlanStep]) -> InlineKeyboardMarkup:
    """Under the plan; `empty` are the steps still to be written.

    Making the place safer has a button of its own: it protects most, and is reached least.
    """
    place = PlanStep.PLACE
    go_on = [(texts.button_go_on, f"plan:ask:{empty[0]}")] if set(empty) - {place} else []
    safer = [(name_of(texts, place), f"plan:edit:{place}")] if place in empty else []
    change = [(texts.button_change, "plan:steps")]
    delete = [(texts.button_delete, "plan:delete")]
    return button_rows(_filled([go_on, safer, change, delete]))


def choose_step(texts: PlanTexts) -> InlineKeyboardMarkup:
    """Under the question which step to change, one a row."""
    rows = [[(f"{step.number}. {name_of(texts, step)}", f"plan:edit:{step}")] for step in PlanStep]
    return button_rows([*rows, [(texts.button_plan, "plan:show")]])


def ask_delete_plan(texts: PlanTexts) -> InlineKeyboardMarkup:
    """Under the question whether to delete the plan."""
    return button_row(
        (texts.button_delete_yes, "plan:forget"), (texts.button_delete_no, "plan:show")
    )


def ask_wipe(texts: PlanTexts, step: PlanStep) -> InlineKeyboardMarkup:
    """Under the question whether to wipe what is written at a step."""
    return button_row(
        (texts.button_clear_yes, f"plan:clear:{step}"), (texts.button_clear_no, f"plan:keep:{step}")
    )


def under_question(
    texts: PlanTexts, step: PlanStep, written: Collection[str], *, walks: bool
) -> InlineKeyboardMarkup:
    """Under a step that is asked: its ready lines, where to go, and how to clear it."""
    ready = [
        [
            (f"✓ {line}", f"plan:drop:{step}:{number}")
            if line in written
            else (f"＋ {line}", f"plan:add:{step}:{number}")
        ]
        for number, line in enumerate(ready_lines(texts, step))
    ]
    clear = [(texts.button_clear, f"plan:wipe:{step}")] if written else []
    if walks:
        stop = [(texts.button_stop, "plan:stop")]
        return button_rows(_filled([*ready, _onward(texts, step, written), stop, clear]))
    return button_rows(_filled([*ready, [(texts.button_plan, "plan:show")], clear]))


def _onward(texts: PlanTexts, step: PlanStep, written: Collection[str]) -> list[Button]:
    row: list[Button] = []
    if step.previous is not None:
        row.append((texts.button_back, f"plan:ask:{step.previous}"))
    if step.next is not None:
        label = texts.button_next if written else texts.button_skip
        row.append((label, f"plan:ask:{step.next}"))
    else:
        row.append((texts.button_done, "plan:done"))
    return row


def _filled(rows: Sequence[Sequence[Button]]) -> list[Sequence[Button]]:
    return [row for row in rows if row]
