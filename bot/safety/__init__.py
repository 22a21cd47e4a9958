"""Noticing that someone may be in danger, and what is said then.

Imports nothing else of the bot than its texts, so that training can evaluate with it.
"""

from bot.safety.batch import BatchError, safety_report
from bot.safety.detector import assess
from bot.safety.hotlines import render as render_hotlines
from bot.safety.levels import Assessment, RiskLevel
from bot.safety.protocol import card, guidance, model_may_answer, needs_card, question
from bot.safety.said import Said

__all__ = [
    "Assessment",
    "BatchError",
    "RiskLevel",
    "Said",
    "assess",
    "card",
    "guidance",
    "model_may_answer",
    "needs_card",
    "question",
    "render_hotlines",
    "safety_report",
]
