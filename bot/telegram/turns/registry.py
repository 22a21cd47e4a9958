"""Which turns are ours for certain: nothing is said in one that may be somebody else's by now.

A process that was frozen (a stalled machine, a debugger) wakes up with half an answer in its hands,
and another replica may have finished it meanwhile, in the same message.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

import structlog

from bot.storage import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.storage import Turns

log = structlog.get_logger(__name__)


class Lost(Exception):
    """The turn is somebody else's, or ended."""


class Claims:
    """The claims of the turns that are being answered here."""

    def __init__(
        self, turns: Turns, *, clock: Callable[[], float], lease_safe_seconds: float = inf
    ) -> None:
        """`lease_safe_seconds`: seconds from a renewal in which nobody else can take a turn."""
        self._turns = turns
        self._clock = clock
        self._sure_for = lease_safe_seconds
        self._sure_until: dict[int, float] = {}
        self._left_behind: dict[int, int | None] = {}
        """Turns that could not be handed back, and the messages that show them."""

    @property
    def held(self) -> list[int]:
        """The turns being answered."""
        return list(self._sure_until)

    def begin(self, turn_id: int) -> int | None:
        """Hold a turn that has just been claimed; its message, if only we know of it."""
        self._sure_until[turn_id] = self._clock() + self._sure_for
        return self._left_behind.pop(turn_id, None)

    def end(self, turn_id: int) -> None:
        """Hold it no longer; its claim is not renewed then."""
        del self._sure_until[turn_id]

    def is_sure(self, turn_id: int) -> bool:
        """Whether nobody else can have taken the turn."""
        return self._clock() < self._sure_until.get(turn_id, -inf)

    async def renew(self) -> set[int]:
        """Prolong all claims; the turns that are lost.

        Raises:
            StorageError: nobody knows.
        """
        held, asked_at = self.held, self._clock()
        if not held:
            return set()
        kept = await self._turns.renew(held)
        self._prolong(kept, asked_at)
        return set(held) - kept

    async def make_sure(self, turn_id: int) -> None:
        """Ask whether a turn is still ours.

        While the database is away it counts as ours: the end of an answer that somebody waits for
        is shown all the same.

        Raises:
            Lost: it is not.
        """
        asked_at = self._clock()
        try:
            kept = await self._turns.renew([turn_id])
        except StorageError as error:
            log.warning("claim_unknown", turn=turn_id, error=type(error).__name__)
            kept = {turn_id}
        if turn_id not in kept:
            log.warning("turn_lost", turn=turn_id)
            raise Lost
        self._prolong(kept, asked_at)

    async def hand_back(self, turn_id: int, message_id: int | None) -> None:
        """Let somebody else take a turn, in the message that shows it; now or when that can be."""
        try:
            await self._let_go(turn_id, message_id)
        except StorageError as error:
            # Else the claim runs out by itself; somebody takes the turn then.
            log.warning("turn_not_handed_back", turn=turn_id, error=type(error).__name__)
            self._left_behind[turn_id] = message_id

    async def hand_back_left(self) -> None:
        """Hand back what could not be while the database was away.

        Raises:
            StorageError: it still is.
        """
        for turn_id, message_id in tuple(self._left_behind.items()):
            if turn_id in self._left_behind:  # and not taken up again meanwhile
                await self._let_go(turn_id, message_id)
                self._left_behind.pop(turn_id, None)

    async def _let_go(self, turn_id: int, message_id: int | None) -> None:
        if message_id is not None:  # whoever goes on has to know where
            await self._turns.set_answer_message(turn_id, message_id)
        await self._turns.release([turn_id])

    def _prolong(self, turn_ids: set[int], asked_at: float) -> None:
        for turn_id in turn_ids & self._sure_until.keys():
            self._sure_until[turn_id] = asked_at + self._sure_for
