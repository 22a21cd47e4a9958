"""How long a person's danger is kept in mind.

    imminent ──24 h──> high ──3 days──> concern ──7 days──> none

The time begins when the level was last seen. A level that ends leaves the one below it, so someone
who was in imminent danger on Monday evening is at high until Friday and at concern for a week
after. Nobody is asked to prove anything: without new signs it ends by itself.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from bot.safety.levels import RiskLevel
from bot.safety.normalize import simplified

if TYPE_CHECKING:
    from collections.abc import Mapping

STAYS: Final = {
    RiskLevel.IMMINENT: timedelta(hours=24),
    RiskLevel.HIGH: timedelta(days=3),
    RiskLevel.CONCERN: timedelta(days=7),
}

LOWEST_BY_WORD: Final = RiskLevel.CONCERN
"""A person's word that they are safe lowers the level by one step, and never below this one."""

_SAFE = re.compile(
    r"我?(?:现在|現在|目前|暂时|暫時)?(?:已经|已經)?(?:很|是)?安全(?:了|的|啦)*"
    r"|i\s?(?:'m|am) (?:safe(?: now| right now)?|now safe)"
)

_TAKEN_BACK = re.compile(
    r"我?(?:刚才|刚刚)?(?:就|只|那)?(?:是|在)?(?:跟你|和你)?"
    r"(?:开玩笑|说着玩|闹着玩|气话)(?:的|啦|而已|罢了|吧|呢|了)*"
    r"|(?:你)?(?:别|不要|不用)(?:当真|担心我?)(?:了|啦)?|当我没说"
    r"|我?不会(?:真的)?(?:去)?(?:做|那么做|这么做|这样做)(?:的|了|啦)?"
    r"|我?(?:收回|撤回)(?:刚才)?(?:的话|那句话)?"
    r"|(?:i was |i'm )?(?:just |only )?(?:kidding|joking)|i did(?:n't| not) mean it"
)
_SEPARATED = re.compile(r"[\s,，。.!！~～…;；]+")


def ends_of(level: RiskLevel, now: datetime) -> dict[RiskLevel, datetime]:
    """Until when each level holds after `level` was seen now: that level and those below it."""
    ends: dict[RiskLevel, datetime] = {}
    end = now
    for step, stays in STAYS.items():
        if step <= level:
            end += stays
            ends[step] = end
    return ends


def level_at(ends: Mapping[int, datetime], now: datetime) -> RiskLevel:
    """The highest level that has not ended."""
    return RiskLevel(max((level for level, end in ends.items() if end > now), default=0))


def says_safe(text: str) -> bool:
    """Whether a message says "I am safe now" and nothing else, as the button does."""
    words = unicodedata.normalize("NFKC", text).replace("’", "'").strip(" \t\n。.!~…").lower()
    return _SAFE.fullmatch(words) is not None


def takes_back(text: str) -> bool:
    """Whether a message takes back what was said ("I was joking") and says nothing else."""
    words = simplified(unicodedata.normalize("NFKC", text)).replace("’", "'").lower()
    if " " in words and words.isascii():
        return _TAKEN_BACK.fullmatch(words.strip(" .!~")) is not None
    parts = [part for part in _SEPARATED.split(words) if part]
    return bool(parts) and all(_TAKEN_BACK.fullmatch(part) for part in parts)
