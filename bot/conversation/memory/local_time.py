"""What a model is told of time: the part of a person's day, and how long they have been away."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

AWAY_FROM = timedelta(hours=6)
"""Who was away for less is not told to have been."""

_PARTS = (
    (5, "凌晨"),
    (8, "清晨"),
    (11, "上午"),
    (13, "中午"),
    (18, "下午"),
    (23, "晚上"),
    (24, "深夜"),
)


def part_of_day(at: datetime) -> str:
    """The part of the day, coarse: a prompt that names the minute is another one every minute."""
    return next(name for end, name in _PARTS if at.hour < end)


def told_absence(absence: timedelta | None) -> str | None:
    """How long a person was away, as a model is told it; None: not worth a word."""
    if absence is None or absence < AWAY_FROM:
        return None
    hours, days = int(absence.total_seconds() // 3600), absence.days
    if days < 1:
        return f"{hours} 小时"
    if days < 60:
        return f"{days} 天"
    return f"{days // 30} 个月"
