"""Finds the answer that says the same thing over and over and would go on to its last token."""

from __future__ import annotations

from typing import Final

MIN_LOOP: Final = 320
"""Characters of nothing but repetition that make a loop: a song's refrain or a line is shorter."""
MIN_REPEATS: Final = 8
MAX_PERIOD: Final = 160
"""The longest run of characters, repeated, that is looked for."""
_LOOK_AFTER: Final = 40


class RepetitionWatch:
    """Reads an answer as it is made, in any pieces."""

    def __init__(self) -> None:
        self._tail = ""
        self._unread = 0

    def is_loop(self, piece: str) -> bool:
        """Whether the answer, with `piece` behind it, has come to do nothing but repeat itself."""
        self._tail = (self._tail + piece)[-(MAX_PERIOD * (MIN_REPEATS + 1)) :]
        self._unread += len(piece)
        if self._unread < _LOOK_AFTER:
            return False
        self._unread = 0
        return any(map(self._repeats_every, range(1, MAX_PERIOD + 1)))

    def _repeats_every(self, period: int) -> bool:
        length = max(MIN_LOOP, period * MIN_REPEATS)
        if len(self._tail) < length + period or self._tail[-1] != self._tail[-1 - period]:
            return False
        return self._tail[-length:] == self._tail[-length - period : -period]
