"""The history cache: the last turns of active chats, so that most turns need no look into SQL.

SQL is the truth. The cache carries the conversation and the revision it was made at, and is used
only by a turn that has the same ones: an entry that is old, lost or was written by a replica that
had lost its lease is a miss, never a wrong history.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.storage.turns.turn import PastTurn, Turn

TIME_TO_LIVE: Final = timedelta(hours=24)


class HistoryCache(Protocol):
    """The cache. No method raises, and none takes longer than about a tenth of a second."""

    async def get(self, turn: Turn) -> tuple[PastTurn, ...] | None:
        """What was said before a turn, oldest first; None on a miss."""
        ...

    async def put(
        self, chat_id: int, conversation_id: int, revision: int, turns: Sequence[PastTurn]
    ) -> None:
        """Keep the turns of a conversation as they are at a revision."""
        ...

    async def forget(self, chat_id: int) -> None:
        """Drop the entry of a chat; one that cannot be reached now is owed."""
        ...

    async def finish_forgetting(self) -> None:
        """Drop the entries that are owed, as far as they can be reached now."""
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...


@dataclass(frozen=True, slots=True)
class _Entry:
    conversation_id: int
    revision: int
    turns: tuple[PastTurn, ...]
    until: float
    size: int

    def fits(self, turn: Turn) -> bool:
        return (self.conversation_id, self.revision) == (turn.conversation_id, turn.revision)


class InProcessHistoryCache:
    """The cache of a single process: the chats used last, up to a number of characters."""

    def __init__(
        self, *, max_characters: int = 4_000_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._max_characters = max_characters
        self._clock = clock
        self._characters = 0
        self._chats: OrderedDict[int, _Entry] = OrderedDict()

    async def get(self, turn: Turn) -> tuple[PastTurn, ...] | None:
        """See `HistoryCache`."""
        entry = self._chats.get(turn.chat_id)
        if entry is None:
            return None
        if entry.until <= self._clock():
            self._drop(turn.chat_id)
            return None
        self._chats.move_to_end(turn.chat_id)
        return entry.turns if entry.fits(turn) else None

    async def put(
        self, chat_id: int, conversation_id: int, revision: int, turns: Sequence[PastTurn]
    ) -> None:
        """See `HistoryCache`."""
        self._drop(chat_id)
        size = 100 + sum(100 + len(turn.user_text) + len(turn.answer or "") for turn in turns)
        until = self._clock() + TIME_TO_LIVE.total_seconds()
        self._chats[chat_id] = _Entry(conversation_id, revision, tuple(turns), until, size)
        self._characters += size
        while self._characters > self._max_characters:
            self._drop(next(iter(self._chats)))

    async def forget(self, chat_id: int) -> None:
        """See `HistoryCache`."""
        self._drop(chat_id)

    async def finish_forgetting(self) -> None:
        """See `HistoryCache`."""

    async def aclose(self) -> None:
        """See `HistoryCache`."""
        self._chats.clear()
        self._characters = 0

    def _drop(self, chat_id: int) -> None:
        entry = self._chats.pop(chat_id, None)
        if entry is not None:
            self._characters -= entry.size
