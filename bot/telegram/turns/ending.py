"""The end of a turn in the database, which may be away when the person has seen it already."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import structlog

from bot.storage import StorageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.conversation.companion import Companion, Plan
    from bot.storage import EndState, Turn, Turns

log = structlog.get_logger(__name__)

PERSIST_TRIES = 30
PERSIST_PAUSE = 1.0


@dataclass(frozen=True, slots=True)
class Ends:
    """Ends turns."""

    companion: Companion
    turns: Turns
    sleep: Callable[[float], Awaitable[None]]

    async def end(
        self,
        plan: Plan,
        answer: str,
        state: EndState,
        message_id: int | None,
        model: str | None = None,
    ) -> None:
        """End a turn with its answer, which `message_id` shows; it is to be rated if `model` is.

        Raises:
            StorageError: it could not be stored, however often it was tried.
        """
        turn = plan.turn
        revision = await self._persist(
            partial(self.turns.finish, turn.id, answer, state, message_id, model=model)
        )
        if revision is None:
            log.warning("turn_no_longer_ours", turn=turn.id)
        elif revision == turn.revision + 1:
            # Otherwise something else changed meanwhile (somebody's words were erased), and the
            # past this turn was planned with is not to be remembered.
            await self.companion.remember(plan, answer, revision)

    async def fail(self, turn: Turn, reason: str, message_id: int | None = None) -> None:
        """Give a turn up, for a short reason for machines. Raises as `end`."""
        await self._persist(partial(self.turns.fail, turn.id, reason, message_id))

    async def _persist(self, store: Callable[[], Awaitable[int | None]]) -> int | None:
        for _ in range(PERSIST_TRIES):
            try:
                return await store()
            except StorageError as error:
                log.warning("turn_end_not_stored", error=type(error).__name__)
                await self.sleep(PERSIST_PAUSE)
        return await store()
