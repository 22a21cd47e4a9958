"""Telegram's flood control: what a bot may send a second, and the 429 beyond it.

Telegram publishes the pace (about one message a second in a chat, 20 a minute in a group, 30 a
second overall), not the allowance for short bursts; the burst here is a small guess.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.sandbox.errors import too_many_requests

if TYPE_CHECKING:
    from bot.sandbox.model import Clock

# The methods that count: everything that puts something new on a screen.
COUNTED = frozenset(
    {
        "sendmessage",
        "sendphoto",
        "senddocument",
        "editmessagetext",
        "editmessagereplymarkup",
    }
)


@dataclass(frozen=True, slots=True)
class FloodLimits:
    """Sustained operations a second, and how many may come at once, for each kind of bucket."""

    private_per_second: float = 1.0
    private_burst: int = 3
    group_per_second: float = 20 / 60
    group_burst: int = 20
    overall_per_second: float = 30.0
    overall_burst: int = 30


@dataclass(slots=True)
class _Bucket:
    level: float
    at: float
    closed_until: float = 0.0


class FloodControl:
    """Token buckets for each chat and for the bot as a whole; `limits` None lets all through."""

    def __init__(self, clock: Clock, limits: FloodLimits | None) -> None:
        self._clock = clock
        self._buckets: dict[int | None, _Bucket] = {}
        self.limits = limits

    def check(self, method: str, chat_id: int | None) -> None:
        """Count one call; ApiError 429 where it comes too fast.

        As with Telegram, a chat that was refused stays closed until `retry_after` has passed.
        """
        if self.limits is None or chat_id is None or method not in COUNTED:
            return
        limits = self.limits
        is_group = chat_id < 0
        self._take(None, limits.overall_per_second, limits.overall_burst)
        if is_group:
            self._take(chat_id, limits.group_per_second, limits.group_burst)
        else:
            self._take(chat_id, limits.private_per_second, limits.private_burst)

    def _take(self, key: int | None, per_second: float, burst: int) -> None:
        now = self._clock.monotonic()
        bucket = self._buckets.setdefault(key, _Bucket(float(burst), now))
        if now < bucket.closed_until:
            raise too_many_requests(math.ceil(bucket.closed_until - now))
        bucket.level = min(float(burst), bucket.level + (now - bucket.at) * per_second)
        bucket.at = now
        # The tolerance keeps a sender with exactly the allowed pace out of rounding trouble.
        if bucket.level < 1 - 1e-6:
            wait = math.ceil((1 - bucket.level) / per_second)
            bucket.closed_until = now + wait
            raise too_many_requests(wait)
        bucket.level -= 1
