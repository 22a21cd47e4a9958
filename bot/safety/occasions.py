"""What is met by a reviewed text, whatever model runs: the words of occasions.toml.

Whether this is a human, and what it is, is never left to a model: a small one says what its makers
taught it. Neither is a goodbye, which a model may hold back.
None of this is danger: what tells of danger is met for that first.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache

from bot.safety.normalize import BREAK, normalize
from bot.safety.rules.rule import Rule, read_rules

MAX_READ = 1000
"""Characters of a message that are read for this, from its end."""
MAX_GOODBYE = 40
"""Characters of a message that only says goodbye."""


class Occasion(StrEnum):
    """What is said."""

    HUMAN = "human"
    """Whether a human or a machine answers here."""
    MODEL = "model"
    """What it is called, which model it is, who made it."""
    BYE = "bye"
    NIGHT = "night"
    """A goodbye, for the night."""
    LEANING = "leaning"
    """That nobody else counts for them."""
    LOST_MONEY = "lost_money"
    """That much money was lost: to fraud, gambling, debts."""
    ELDERLY = "elderly"
    """That they are old."""
    INSULT = "insult"
    """The bot is insulted, and nothing else is said."""
    ADVANCE = "advance"
    """The bot is to be a lover, and nothing else is said."""
    SPAM = "spam"
    """The same few characters over and over; not a cry, a laugh, or words of feeling."""
    JAILBREAK = "jailbreak"
    """The bot is to drop its rules."""


_FULL = (Occasion.BYE, Occasion.NIGHT)
_ALONE = (Occasion.INSULT, Occasion.ADVANCE)
"""Of these every clause has to be one, as of a goodbye."""
MAX_ALONE = 60
"""Characters of a message that says one of them and nothing else."""
_REPEATED = re.compile(r"(.{1,8}?)\1{9,}", re.DOTALL)
_CRIES = re.compile(
    r"[啊呜嗷哈嘿呵嘻哭唉哎呃嗯哦噢咦呀耶6w笑泪😭😢😂🤣.。…~～！!？?\s]+|.*[累难烦痛疼怕想救帮死苦委屈爱恨孤崩睡].*",
    re.IGNORECASE | re.DOTALL,
)
# Beside a goodbye, within its clause and in clauses of their own.
_BEFORE = (
    "那就?|好+的?|嗯+|我们?|就|先|今天|今晚|现在|ok(ay)?|well|al?right|so|then|行|要|得|该|可以|请"
    "|谢谢(你|您|啦)?|thanks|thank you|树洞|大家|啊|哦| "
)
_AFTER = (
    "了|啦|喽|咯|吧|哦|哈+|哟|呀|啊|哒|噢|嗷|嘛|呢|吗|的|树洞|你|去|见|聊|now|then|today|tonight|later"
    "|everyone|all|soon|tomorrow|for (now|today|tonight)|shudong|guys?|again|here| "
)
_BESIDE = re.compile(
    "|".join(
        (
            r"(?:嗯+|恩+|好+(?:的|吧|哒|滴|啦)?|哦+|行|可以|那|那就|那么|ok(?:ay)?|知道了)(?:的|吧|啊)?",
            r"明白了?|哈+",
            r"(?:谢谢|多谢|感谢)(?:你|您|啦|了|树洞)*(?:今天|今晚)?|辛苦了?",
            r"thx|thanks?(?: you)?(?: so much| a lot)?",
            r"(?:时间|很|太|这么|好|已经|也|都)*(?:不早|晚)了|(?:我|有点|好|太|也|真)*(?:困|累)了?",
            r"明天(?:还|又)?(?:要|得)?(?:上班|上课|上学|早起|考试|早八)",
            r"take care|you too|it'?s late|i'?m tired",
        )
    )
)


def occasions_in(message: str) -> frozenset[Occasion]:
    """What a message says of all this; often nothing."""
    text = _read(message)
    found = {
        Occasion(rule.name)
        for rule in _rules()
        if Occasion(rule.name) not in (*_FULL, *_ALONE) and rule.pattern.search(text)
    }
    found.update(kind for kind in _ALONE if _says_only(kind, text))
    if _is_spam(message):
        found.add(Occasion.SPAM)
    if (goodbye := _goodbye(text)) is not None:
        found.add(goodbye)
    return frozenset(found)


def asks_only_what_this_is(message: str) -> bool:
    """Whether a message asks whether a human is here, or which model, and says nothing else."""
    patterns = [_rule(occasion).pattern for occasion in (Occasion.HUMAN, Occasion.MODEL)]
    clauses = [clause for clause in _read(message).split(BREAK) if clause.strip()]
    return len(message) <= MAX_GOODBYE and all(
        any(pattern.search(clause) for pattern in patterns) or _SMALL_TALK.fullmatch(clause.strip())
        for clause in clauses
    )


_SMALL_TALK = re.compile(
    r"(?:你好|您好|在吗+|在么|喂|hi|hello|hey|嗨|哈+|请问|等等|等一下|话说|那个|说真的|说实话|老实说"
    r"|别骗我"
    r"|我想问(?:一下|问)?|吗+|honestly|wait|be honest|tell me|just asking|right|aren't you| )+"
    r"(?:啊|呀|吗)*"
)


def _goodbye(text: str) -> Occasion | None:
    """The goodbye that a message is, and nothing else."""
    if len(text) > MAX_GOODBYE:
        return None
    clauses = [clause.strip() for clause in text.split(BREAK)]
    told = [clause for clause in clauses if clause and not _BESIDE.fullmatch(clause)]
    kinds = [next((kind for kind in _FULL if _whole(kind).fullmatch(one)), None) for one in told]
    if not told or None in kinds:
        return None
    return Occasion.NIGHT if Occasion.NIGHT in kinds else Occasion.BYE


def _says_only(kind: Occasion, text: str) -> bool:
    """Whether each clause of a message is of a kind, or a small word."""
    clauses = [clause.strip() for clause in text.split(BREAK) if clause.strip()]
    told = [clause for clause in clauses if not _BESIDE.fullmatch(clause)]
    pattern = _rule(kind).pattern
    return bool(told) and len(text) <= MAX_ALONE and all(map(pattern.fullmatch, told))


def _is_spam(message: str) -> bool:
    """Whether most of a message is the same few characters over and over."""
    said = message[-MAX_READ:].strip()
    found = _REPEATED.search(said)
    if found is None or _CRIES.fullmatch(found[1]):
        return False
    return len(found[0]) >= 0.8 * len(said)


def _read(message: str) -> str:
    # Marks that ask are lost in normalized text, and people ask by them alone.
    asked = re.sub(r"[?？]+", " 吗？", message[-MAX_READ:])
    return normalize(asked)


@cache
def _rules() -> tuple[Rule[None], ...]:
    return read_rules("bot.safety", "occasions.toml", lambda _: None)


def _rule(occasion: Occasion) -> Rule[None]:
    return next(rule for rule in _rules() if rule.name == occasion)


@cache
def _whole(occasion: Occasion) -> re.Pattern[str]:
    core = _rule(occasion).pattern.pattern
    before, after = (re.sub(r"\((?!\?)", "(?:", part) for part in (_BEFORE, _AFTER))
    return re.compile(f"(?:{before})*(?:{core})(?:{after})*(?:{core})?(?:{after})*")
