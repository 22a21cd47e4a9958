"""What stands for the bot's words in files of talks: marks, and the texts that they stand for."""

from __future__ import annotations

from bot.locales import Language
from bot.safety.levels import RiskLevel
from bot.safety.protocol import asked_outside_answers, card

CARD = "[card"
"""How the mark of a card begins: [card], [card-violence], [card-body], [card imminent]."""
CHECK_IN = "[checkin]"
QUESTIONS = {
    "[q-safe]": "你现在安全吗？",
    "[q-suicide]": "你是不是想到了死，或者想伤害自己？",
    "[q-alone]": "现在身边有人吗？",
    "[q-where]": "你现在在哪里？",
    "[q-means]": "手边有没有能伤到自己的东西？",
    "[q-when]": "你打算什么时候？",
    "[q-taken]": "你是不是吃了什么，或者受伤了？",
}


def spelt_out(content: str) -> str:
    """What the bot said, with a text of ours in place of a mark."""
    mark = content.strip()
    if mark in QUESTIONS:
        return QUESTIONS[mark]
    if mark == CHECK_IN:
        return asked_outside_answers(True, Language.ZH_CN).text
    if mark.startswith(CARD) and mark.endswith("]"):
        return card(RiskLevel.HIGH, Language.ZH_CN)
    return content
