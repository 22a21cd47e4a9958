"""Noticing that someone may be in danger, and what is said then.

Imports nothing else of the bot than its texts, so that training can evaluate with it.
"""

from bot.locales import Language
from bot.safety.choice_prompt import ChoicePrompt, choice_prompt
from bot.safety.detector import BOTH, SAID_BEFORE, FirstReader, assess, first_reader, prepare
from bot.safety.evaluation.batch import safety_report
from bot.safety.evaluation.cases import BatchError
from bot.safety.evaluation.report import report
from bot.safety.facts import EARLIER_HANDED_IN
from bot.safety.guard import Blocked, Guard, GuardContext, instead_of
from bot.safety.hotlines import Region, all_hotlines, card_hotlines, emergency, region_of
from bot.safety.hotlines import render as render_hotlines
from bot.safety.in_danger import RETRACTED
from bot.safety.levels import Assessment, Axis, RiskLevel, Who
from bot.safety.normalize import simplified
from bot.safety.protocol import (
    AGE,
    BY_OTHERS,
    GOODBYE,
    HELPED,
    WITH_CONTACT,
    WITH_PLAN,
    Danger,
    Step,
    TalkState,
    Told,
    asked_anew,
    asked_by_card,
    asked_outside_answers,
    back_question,
    card,
    concern_step,
    covered_by,
    danger_at_age,
    danger_by_name,
    danger_of,
    guidance,
    help_step,
    is_followed_up,
    model_may_answer,
    needs_card,
    next_step,
    read_as_answer,
    repeated_card,
    safe_step,
    spoken,
    spoken_again,
    takes_up,
    told_by,
    word,
)
from bot.safety.replies import asks_about_danger, may_be_reply
from bot.safety.stacking import EncoderModel, Stack, StackedReader, Stacks
from bot.safety.state import LOWEST_BY_WORD, ends_of, level_at, says_safe, takes_back
from bot.safety.utterance import Utterance

__all__ = [
    "AGE",
    "BOTH",
    "BY_OTHERS",
    "EARLIER_HANDED_IN",
    "GOODBYE",
    "HELPED",
    "LOWEST_BY_WORD",
    "RETRACTED",
    "SAID_BEFORE",
    "WITH_CONTACT",
    "WITH_PLAN",
    "Assessment",
    "Axis",
    "BatchError",
    "Blocked",
    "ChoicePrompt",
    "Danger",
    "EncoderModel",
    "FirstReader",
    "Guard",
    "GuardContext",
    "Language",
    "Region",
    "RiskLevel",
    "Stack",
    "StackedReader",
    "Stacks",
    "Step",
    "TalkState",
    "Told",
    "Utterance",
    "Who",
    "all_hotlines",
    "asked_anew",
    "asked_by_card",
    "asked_outside_answers",
    "asks_about_danger",
    "assess",
    "back_question",
    "card",
    "card_hotlines",
    "choice_prompt",
    "concern_step",
    "covered_by",
    "danger_at_age",
    "danger_by_name",
    "danger_of",
    "emergency",
    "ends_of",
    "first_reader",
    "guidance",
    "help_step",
    "instead_of",
    "is_followed_up",
    "level_at",
    "may_be_reply",
    "model_may_answer",
    "needs_card",
    "next_step",
    "prepare",
    "read_as_answer",
    "region_of",
    "render_hotlines",
    "repeated_card",
    "report",
    "safe_step",
    "safety_report",
    "says_safe",
    "simplified",
    "spoken",
    "spoken_again",
    "takes_back",
    "takes_up",
    "told_by",
    "word",
]
