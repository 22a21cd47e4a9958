"""Which of llama.cpp's slots a conversation has.

Each slot keeps the prompt of its last answer. Left to itself the server takes the slot whose prompt
begins most alike; all begin with the persona, so a newcomer is given that of a talk in progress,
whose next turn then reads all of its past anew.
"""

from __future__ import annotations

from collections import OrderedDict
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Slots:
    """Gives each conversation the slot that it had, or else the one that was idle longest."""

    def __init__(self, number: int) -> None:
        # The one idle longest is the first; those at work are not among them.
        self._idle: OrderedDict[int, str | None] = OrderedDict.fromkeys(range(number))

    @property
    def has_unused(self) -> bool:
        """Whether one has not been held yet."""
        return None in self._idle.values()

    @contextmanager
    def hold(self, conversation: str) -> Iterator[int]:
        """Hold a slot while an answer is made; no more are held at once than there are."""
        own = (slot for slot, last in self._idle.items() if conversation and last == conversation)
        slot = next(own, next(iter(self._idle)))
        del self._idle[slot]
        try:
            yield slot
        finally:
            self._idle[slot] = conversation
