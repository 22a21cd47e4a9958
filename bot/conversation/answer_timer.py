"""How fast the engine makes an answer: time to first token (TTFT) and per output token (TPOT)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

from bot import metrics

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.get_logger(__name__)

SLOW_FIRST_TOKEN: Final = 15.0
SLOW_TOKEN: Final = 0.5
"""Seconds from which an engine is slow: people read faster than that, and begin to wonder."""
SAY_EVERY: Final = 60.0
"""Seconds between two events that say so."""
MIN_PIECES: Final = 4
"""Of fewer pieces a time for each says nothing."""


class SlowEngineAlarm:
    """Logs that the engine is slow, once a minute at most."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._said_at = float("-inf")

    def hear(self, first_token: float, each_token: float) -> None:
        """Take note of one answer's times, in seconds."""
        if first_token < SLOW_FIRST_TOKEN and each_token < SLOW_TOKEN:
            return
        if (now := self._clock()) - self._said_at >= SAY_EVERY:
            self._said_at = now
            log.warning("engine_slow", ttft=round(first_token, 2), tpot=round(each_token, 3))


class AnswerTimer:
    """Measures one answer; what it costs a piece is a look at the clock."""

    def __init__(self, clock: Callable[[], float], alarm: SlowEngineAlarm) -> None:
        self._clock = clock
        self._alarm = alarm
        self._asked_at = clock()
        self._first_at: float | None = None
        self._last_at = 0.0
        self._pieces = 0

    def piece(self) -> None:
        """Note that a piece has come."""
        self._last_at = self._clock()
        self._pieces += 1
        if self._first_at is None:
            self._first_at = self._last_at
            metrics.FIRST_TOKEN.observe(self._first_at - self._asked_at)

    def close(self) -> None:
        """Note that no more comes, for whatever reason."""
        if self._first_at is None:
            return
        each = 0.0
        if self._pieces >= MIN_PIECES:
            each = (self._last_at - self._first_at) / (self._pieces - 1)
            metrics.EACH_TOKEN.observe(each)
        self._alarm.hear(self._first_at - self._asked_at, each)
