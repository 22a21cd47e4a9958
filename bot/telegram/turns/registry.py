"""The turns that run in this process, and their leases.

Nothing is said in a turn that another replica may have by now: a process that was frozen (a stalled
machine, a debugger) wakes up with half an answer in its hands, and another one may have finished it
meanwhile, in the same message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from bot.storage import StorageError
from bot.telegram.turns.running import RunningTurn

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from bot.storage import Turn, Turns

log = structlog.get_logger(__name__)


class TurnLost(Exception):
    """The turn is another replica's, or ended."""


class RunningTurns:
    """All turns that this process works on; nothing else knows which they are.

    Args:
        turns: the turns in the database.
        clock: monotonic seconds.
        lease_safe_seconds: seconds after a renewal in which no other replica can have a turn.
    """

    def __init__(
        self, turns: Turns, *, clock: Callable[[], float], lease_safe_seconds: float
    ) -> None:
        self._turns = turns
        self._clock = clock
        self._lease_safe_seconds = lease_safe_seconds
        self._by_id: dict[int, RunningTurn] = {}

    @property
    def held(self) -> list[int]:
        """The turns being answered, whose leases have to be renewed."""
        return [running.turn.id for running in self._list_held()]

    @property
    def unfinished(self) -> list[int]:
        """The turns that are neither ended nor released yet."""
        return [id_ for id_, running in self._by_id.items() if running.state != "unreleased"]

    def begin(self, turn: Turn, *, has_edits: bool) -> RunningTurn:
        """Hold a turn that has just been claimed."""
        before = self._by_id.get(turn.id)
        running = RunningTurn(
            turn=turn,
            lease_until=self._clock() + self._lease_safe_seconds,
            message_id=turn.answer_message_id or (before.message_id if before else None),
            has_edits=has_edits,
            stop_requested=turn.stop_requested,
        )
        self._by_id[turn.id] = running
        return running

    def end(self, running: RunningTurn) -> None:
        """Renew a lease no longer: one of a turn that is not worked on must be able to run out."""
        running.state = "ending"

    def forget(self, running: RunningTurn) -> None:
        """Drop a turn that has ended."""
        if self._by_id.get(running.turn.id) is running:
            del self._by_id[running.turn.id]

    async def release(self, running: RunningTurn) -> None:
        """Let another replica take a turn, in the message that shows it; now or when it can be."""
        try:
            await self._release(running)
        except StorageError as error:
            # Tried again at the next sweep; until then the lease may run out by itself.
            log.warning("turn_not_released", turn=running.turn.id, error=type(error).__name__)
            running.state = "unreleased"

    async def release_left(self) -> None:
        """Release what could not be while the database was away.

        Raises:
            StorageError: it still is.
        """
        for running in list(self._by_id.values()):
            if running.state == "unreleased" and self._by_id.get(running.turn.id) is running:
                await self._release(running)

    async def stop(self, chat_id: int, turn_id: int | None = None) -> bool:
        """Stop the answer being made in a chat (only `turn_id`'s, if given), in any replica.

        Returns whether there was one. What is visible by then stays.

        Raises:
            StorageError: it is not made here, and no other replica could be asked.
        """
        here = [
            running
            for running in self._list_held()
            if running.turn.chat_id == chat_id and turn_id in (None, running.turn.id)
        ]
        for running in here:
            running.request_stop()
        return bool(here) or await self._turns.request_stop(chat_id, turn_id)

    def stop_here(self, turn_ids: Iterable[int]) -> None:
        """Stop those of some turns that run in this process; another replica asked for it."""
        for running in self._find_held(turn_ids):
            running.request_stop()

    def overtake_in_chat(self, chat_id: int, *, by_edit: bool = False) -> None:
        """Stop the answer that is made here in a chat: words of danger have arrived in it.

        An edit may be of the message that is being answered: where nothing of the answer is to be
        seen yet the edit is answered in its place, see `note_edits_in_chat`.
        """
        for running in self._list_held():
            if running.turn.chat_id == chat_id and (running.draft or not by_edit):
                running.overtake()

    def overtake_here(self, turn_ids: Iterable[int]) -> None:
        """Stop those of some turns that run here; another replica read words of danger."""
        for running in self._find_held(turn_ids):
            running.overtake()

    def note_edits(self, turn_ids: Iterable[int]) -> None:
        """Have edits looked for in those of some turns that run in this process."""
        for running in self._find_held(turn_ids):
            running.note_edit()

    def note_edits_in_chat(self, chat_id: int) -> None:
        """Have edits looked for in the turn of a chat, if it runs in this process."""
        for running in self._list_held():
            if running.turn.chat_id == chat_id:
                running.note_edit()

    def is_surely_ours(self, running: RunningTurn) -> bool:
        """Whether no other replica can have taken the turn."""
        return running.state == "running" and self._clock() < running.lease_until

    async def renew_leases(self) -> None:
        """Prolong all leases, let go of what others took, and stop what is to be stopped.

        Raises:
            StorageError: it is not known which turns are ours.
        """
        held, asked_at = self._list_held(), self._clock()
        if not held:
            return
        turn_ids = [running.turn.id for running in held]
        kept = await self._turns.renew(turn_ids)
        self._prolong(held, kept, asked_at)
        for running in held:
            if running.turn.id not in kept:
                running.abandon()
        self.stop_here(await self._turns.list_stop_requested(turn_ids))

    async def confirm(self, running: RunningTurn) -> None:
        """Ask whether a turn is still ours.

        While the database is away it counts as ours: the end of an answer that a person waits for
        is shown all the same.

        Raises:
            TurnLost: it is not.
        """
        turn_id, asked_at = running.turn.id, self._clock()
        try:
            kept = await self._turns.renew([turn_id])
        except StorageError as error:
            log.warning("lease_unknown", turn=turn_id, error=type(error).__name__)
            kept = {turn_id}
        if turn_id not in kept:
            log.warning("turn_lost", turn=turn_id)
            raise TurnLost
        self._prolong([running], kept, asked_at)

    async def _release(self, running: RunningTurn) -> None:
        if running.message_id is not None:  # the next process has to know where to go on
            await self._turns.set_answer_message(running.turn.id, running.message_id)
        await self._turns.release([running.turn.id])
        self.forget(running)

    def _prolong(self, held: Iterable[RunningTurn], kept: Collection[int], asked_at: float) -> None:
        for running in held:
            if running.turn.id in kept:
                running.lease_until = asked_at + self._lease_safe_seconds

    def _list_held(self) -> list[RunningTurn]:
        return [running for running in self._by_id.values() if running.state == "running"]

    def _find_held(self, turn_ids: Iterable[int]) -> list[RunningTurn]:
        found = (self._by_id.get(turn_id) for turn_id in turn_ids)
        return [running for running in found if running is not None and running.state == "running"]
