"""How far a fetch is, how fast it goes, and how it is told."""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable

_WINDOW: Final = 10.0
"""Seconds over which the rate is taken."""
_EVERY: Final = 0.5
"""Seconds between two words of it."""
_EVERY_LINE: Final = 10.0
"""The same where each is a line of a log."""


@dataclass(frozen=True, slots=True)
class Progress:
    """One moment of a fetch."""

    source: str
    done: int
    total: int
    rate: float | None = None
    """Bytes a second; None: not known yet."""
    seconds_left: float | None = None


class Reporter:
    """Says from time to time how far it is.

    Args:
        say: is told.
        every: seconds between two times.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        say: Callable[[Progress], None],
        *,
        every: float = _EVERY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._say = say
        self._every = every
        self._clock = clock
        self._source, self._total = "", 0
        self._seen: deque[tuple[float, int]] = deque()
        self._said_at = float("-inf")

    def begin(self, source: str, total: int) -> None:
        """What is told from now on is of this source."""
        self._source, self._total = source, total
        self._seen.clear()
        self._said_at = float("-inf")

    def __call__(self, done: int) -> None:
        """So many bytes are there."""
        now = self._clock()
        if self._seen and done < self._seen[-1][1]:
            self._seen.clear()  # begun anew
        self._seen.append((now, done))
        while now - self._seen[0][0] > _WINDOW:
            self._seen.popleft()
        if now - self._said_at < self._every and done < self._total:
            return
        self._said_at = now
        began, before = self._seen[0]
        rate = (done - before) / (now - began) if done > before and now > began else None
        left = (self._total - done) / rate if rate else None
        self._say(Progress(self._source, done, self._total, rate, left))


class ConsoleTeller:
    """Progress and sentences for the person at the terminal; a log gets a line now and then."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._is_terminal = self._out.isatty()
        self._is_open = False

    @property
    def every(self) -> float:
        """Seconds between two words of progress."""
        return _EVERY if self._is_terminal else _EVERY_LINE

    def progress(self, now: Progress) -> None:
        """Tell how far it is."""
        text = f"{now.source}: {now.done / 1e6:,.0f} of {now.total / 1e6:,.0f} MB"
        if now.rate is not None:
            text += f", {now.rate / 1e6:.1f} MB/s"
        if now.seconds_left is not None:
            text += f", {spelled(now.seconds_left)} left"
        self._write(f"\r\x1b[K  {text}" if self._is_terminal else f"  {text}\n")
        self._is_open = self._is_terminal

    def sentence(self, text: str) -> None:
        """Tell anything else."""
        self._write(("\n" if self._is_open else "") + text + "\n")
        self._is_open = False

    def done(self, text: str) -> None:
        """Tell that it is there."""
        self.sentence(text)

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()


class LinesTeller:
    """The same for a program: a JSON object a line, with its `kind`."""

    every = _EVERY

    def progress(self, now: Progress) -> None:
        """Tell how far it is."""
        self._write("progress", **asdict(now))

    def sentence(self, text: str) -> None:
        """Tell anything else."""
        self._write("sentence", text=text)

    def done(self, text: str) -> None:
        """Tell that it is there."""
        self._write("done", text=text)

    def _write(self, kind: str, **fields: object) -> None:
        sys.stdout.write(json.dumps({"kind": kind, **fields}) + "\n")
        sys.stdout.flush()


def spelled(seconds: float) -> str:
    """A time that is left, as people say it."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
