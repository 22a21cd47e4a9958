"""The past of a conversation: the history cache, or SQL on a miss."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot import metrics
from bot.storage import PastTurn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.storage import HistoryCache, Turn, Turns

_HIT = metrics.HISTORY_CACHE.labels("hit")
_MISS = metrics.HISTORY_CACHE.labels("miss")

MAX_TURNS = 200
"""How far back a context window can reach; its budget of tokens usually ends sooner."""


class History:
    """What was said before a turn."""

    def __init__(self, turns: Turns, cache: HistoryCache) -> None:
        self._turns = turns
        self._cache = cache

    async def load(self, turn: Turn) -> Sequence[PastTurn]:
        """The turns before `turn` in its conversation, oldest first.

        Raises:
            StorageError: the copy does not have them and the database cannot be read.
        """
        copy = await self._cache.get(turn)
        if copy is not None:
            _HIT.inc()
            return copy
        _MISS.inc()
        return await self._turns.history(turn.conversation_id, turn.number, MAX_TURNS)

    async def save(
        self, turn: Turn, past: Sequence[PastTurn], answer: str | None, revision: int
    ) -> None:
        """Put the conversation as it is after `turn` into the cache, for the next turn."""
        newest = PastTurn(turn.number, turn.user_text, answer)
        turns = [*past, newest][-MAX_TURNS:]
        await self._cache.put(turn.chat_id, turn.conversation_id, revision, turns)
