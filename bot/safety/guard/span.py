"""Judges a span of the model's words by the rules."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.safety.guard import contacts
from bot.safety.guard.minors import says_minor
from bot.safety.guard.reasons import BlockReason
from bot.safety.guard.rules import RULES
from bot.safety.levels import RiskLevel
from bot.safety.normalize import BREAK, normalize
from bot.safety.vocabulary import compiled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.safety.guard.rules import BlockMeaning

# Said to refuse it, to ask about it, or to repeat what the person told.
_REFUSED = re.compile(
    r"(?:不要|不能|不可以?|不该|不应该?|不建议|不支持|不赞成|不同意|不会|不是|不鼓励|不想|不希望"
    r"|不提供|不谈|不说|不讨论|不代表|不意味着?|不等于|不认为"
    r"|不觉得|不必|不用|(?<!特)(?<!区)(?<!级)(?<!分)别|没有|并非|请勿|无法|拒绝|避免|远离|阻止"
    r"|防止|劝|停止|而不是|代替|替代|忍住|克制|制止|预防|禁止)"
    r"[^，]{0,8}$"
)
_REPORTED = re.compile(
    r"(?:觉得|认为|感到|感觉|想过|想到|想着|提到|说过?|谈到|问|有没有|有过|是否|是不是|会不会|曾"
    r"|念头|冲动|担心|害怕|怕|以为|好像|似乎|仿佛|想要|想用"
    r"|如果|假如|要是|万一|即使|哪怕|为什么|告诉(?:我|你)|听到|看到|知道|可能|或许|也许|说自己"
    r"|怀疑|疑似|例如|比如|诊断为|确诊|医生)[^，]{0,10}$"
    r"|\b(?:whether|if|can't|cannot|don't|not|never|feel|think|say|said|thought|asked|why"
    r"|sounds like)\b[^，]{0,20}$"
)
_ASKED = re.compile(
    r"[^，]{0,10}(?:的(?:想法|念头|冲动|行为|打算|计划|时候|经历|感觉)|[吗么]|不是|不能|并不|无法"
    r"|解决不了|很危险|会伤害|前|之前先)"
)
_MAY_BE_ASKED = (BlockReason.METHOD, BlockReason.HARM)
_CODED = re.compile(r"[A-Za-z0-9+/]{40}")  # nobody is comforted in base64
_ILLNESS = compiled("<illness>")


@dataclass(frozen=True, slots=True)
class GuardContext:
    """To whom the model is speaking: the level of risk, and what the person said lately."""

    level: RiskLevel = RiskLevel.NONE
    said: Sequence[str] = ()
    is_minor: bool = False
    """Whether the person answered, when asked, that they are under 18."""


def judge_span(text: str, about: GuardContext) -> BlockReason | None:
    """The kind of what must not be shown in a few sentences; None if they may be."""
    if contacts.MAY_HOLD_ONE.search(text) and contacts.names_unknown_contact(text):
        return BlockReason.CONTACT
    if _CODED.search(text):
        return BlockReason.METHOD
    plain = normalize(text)
    for rule in RULES:
        if about.level >= rule.meaning.from_level:
            for match in rule.pattern.finditer(plain):
                if counts(rule.meaning, match, plain, about):
                    return rule.meaning.reason
    return None


def counts(block: BlockMeaning, match: re.Match[str], text: str, about: GuardContext) -> bool:
    """Whether what a rule matched is to be blocked, said where it stands, to this person."""
    if block.minors_only and not (about.is_minor or says_minor(about.said)):
        return False
    if not block.excusable:
        return True
    clause = text[: match.start()].rpartition(BREAK)[2]
    if _REFUSED.search(clause) or _REPORTED.search(clause):
        return False
    if block.reason in _MAY_BE_ASKED and _ASKED.match(text, match.end()):
        return False
    return not (block.reason is BlockReason.DIAGNOSIS and _told(match[0], about.said))


def _told(words: str, said: Sequence[str]) -> bool:
    """Whether the illness named is one the person has named before: then it is repeated."""
    named = _ILLNESS.search(words)
    return named is not None and any(named[0] in normalize(text) for text in said)
