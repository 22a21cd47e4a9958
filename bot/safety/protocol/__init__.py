"""What is said when someone may be in danger: cards, and the questions after them.

Every text is reviewed and lies in `bot.locales.crisis`; what leads where lies in steps.toml.
"""

from bot.safety.protocol.answered import read_as_answer
from bot.safety.protocol.cards import (
    asked_by_card,
    asked_outside_answers,
    card,
    card_id,
    covered_by,
    needs_card,
    repeated_card,
    takes_up,
)
from bot.safety.protocol.dangers import (
    BY_OTHERS,
    WITH_CONTACT,
    WITH_PLAN,
    Danger,
    danger_at_age,
    danger_by_name,
    danger_of,
)
from bot.safety.protocol.guidance import guidance, model_may_answer
from bot.safety.protocol.speech import question_of_another, spoken, spoken_again, word
from bot.safety.protocol.steps import (
    Step,
    TalkState,
    asked_anew,
    back_question,
    concern_step,
    help_step,
    is_followed_up,
    next_step,
    safe_step,
)
from bot.safety.protocol.told import (
    AGE,
    GOODBYE,
    HELPED,
    OF_ANOTHER,
    Told,
    asks_of_another,
    told_by,
)

__all__ = [
    "AGE",
    "BY_OTHERS",
    "GOODBYE",
    "HELPED",
    "OF_ANOTHER",
    "WITH_CONTACT",
    "WITH_PLAN",
    "Danger",
    "Step",
    "TalkState",
    "Told",
    "asked_anew",
    "asked_by_card",
    "asked_outside_answers",
    "asks_of_another",
    "back_question",
    "card",
    "card_id",
    "concern_step",
    "covered_by",
    "danger_at_age",
    "danger_by_name",
    "danger_of",
    "guidance",
    "help_step",
    "is_followed_up",
    "model_may_answer",
    "needs_card",
    "next_step",
    "question_of_another",
    "read_as_answer",
    "repeated_card",
    "safe_step",
    "spoken",
    "spoken_again",
    "takes_up",
    "told_by",
    "word",
]
