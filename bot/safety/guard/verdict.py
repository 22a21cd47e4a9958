"""Judges a span of the model's words by the rules."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.safety.guard import contacts
from bot.safety.guard.crisis_rules import IN_DANGER, LEADING
from bot.safety.guard.harm_rules import DRUGS, HARM, METHODS
from bot.safety.guard.kinds import BlockReason
from bot.safety.guard.minors import says_minor
from bot.safety.guard.role_rules import DELUSION, DIAGNOSES, IDENTITY, ROMANCE, SECRECY
from bot.safety.guard.words import ILLNESS
from bot.safety.levels import RiskLevel
from bot.safety.normalize import BREAK, normalize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.safety.guard.kinds import Rule

# In the order of how much it matters which kind is named: the reviewed text follows from it.
RULES = (
    *METHODS,
    *HARM,
    *IN_DANGER,
    *LEADING,
    *ROMANCE,
    *SECRECY,
    *DELUSION,
    *DRUGS,
    *DIAGNOSES,
    *IDENTITY,
)

# What the rules of the guard need beyond what `normalize` knows.
_TRADITIONAL = (
    "諮詢療瀉確診劑頸戶閉爐險護證職雙寶貝約戀監視蹤聲記憶顧濟體驗專導廣級輔區贊釋囑勸術瘋毀蓋鎖針"
    "單靜鬆優園懲罰報兩緊貼謊隱瞞憑膠條圍綁門縫滿貓項價廢禍贅際狀況屬於嚴顯億類慣擔頁輪騎駛軟釘鋼"
    "銳鋒膽縮憤奪屍墜懸樑絲濃灑滅彈鈉鉀癮嘔腸剝飯麵餅雞蘋棗費適齊鄰寢賓館鎮"
)
_SIMPLIFIED = (
    "咨询疗泻确诊剂颈户闭炉险护证职双宝贝约恋监视踪声记忆顾济体验专导广级辅区赞释嘱劝术疯毁盖锁针"
    "单静松优园惩罚报两紧贴谎隐瞒凭胶条围绑门缝满猫项价废祸赘际状况属于严显亿类惯担页轮骑驶软钉钢"
    "锐锋胆缩愤夺尸坠悬梁丝浓洒灭弹钠钾瘾呕肠剥饭面饼鸡苹枣费适齐邻寝宾馆镇"
)
_MORE = str.maketrans(_TRADITIONAL, _SIMPLIFIED)

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
_ABOUT_ILLNESS = re.compile(ILLNESS)


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
    plain = normalize(text).translate(_MORE)
    for rule in RULES:
        if about.level >= rule.at:
            for match in rule.pattern.finditer(plain):
                if _counts(rule, match, plain, about):
                    return rule.kind
    return None


def _counts(rule: Rule, match: re.Match[str], text: str, about: GuardContext) -> bool:
    if rule.to_minors and not (about.is_minor or says_minor(about.said)):
        return False
    if not rule.excusable:
        return True
    clause = text[: match.start()].rpartition(BREAK)[2]
    if _REFUSED.search(clause) or _REPORTED.search(clause):
        return False
    if rule.kind in _MAY_BE_ASKED and _ASKED.match(text, match.end()):
        return False
    return not (rule.kind is BlockReason.DIAGNOSIS and _told(match[0], about.said))


def _told(words: str, said: Sequence[str]) -> bool:
    """Whether the illness named is one the person has named before: then it is repeated."""
    named = _ABOUT_ILLNESS.search(words)
    return named is not None and any(named[0] in normalize(text) for text in said)
