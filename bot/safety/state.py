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
