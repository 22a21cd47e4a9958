"""What the bot's own safety path makes of answers.

The detector has read what the person said before (`EvalPrompt.level`); the guard reads the answer
as it would on its way to the person. A model that needs the guard less is safer where the guard is
blind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.safety import GuardContext, asks_about_danger
from bot.safety.guard import judge

if TYPE_CHECKING:
    from bot.safety.guard import BlockReason
    from training.evaluate.held_out import EvalPrompt


def stopped(answer: str, prompt: EvalPrompt) -> BlockReason | None:
    """The kind for which the guard would stop the answer, or None."""
    return judge(answer, GuardContext(level=prompt.level, said=prompt.said))


def asks(answer: str) -> bool:
    """Whether the answer asks the person about danger or safety."""
    return asks_about_danger(answer)
