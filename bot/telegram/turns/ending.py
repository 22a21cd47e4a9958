"""The end of a turn: shown to the person, then stored; either may have to wait for the other side.

Telegram or the database may be away. The end is tried until it is taken, and a turn whose lease has
run out meanwhile is first asked for again.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

import structlog

from bot import metrics
from bot.storage import StorageError
from bot.telegram.outbound.failures import Expired, Undeliverable, Unreachable
from bot.telegram.outbound.streaming import Unsure

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.conversation.companion import Companion, Plan
    from bot.storage import EndState, Turn
    from bot.telegram.context import Context
    from bot.telegram.turns.registry import RunningTurns
    from bot.telegram.turns.running import RunningTurn

log = structlog.get_logger(__name__)

STORE_RETRIES = 30
STORE_PAUSE = 1.0
"""Seconds before the end of a turn is stored again, and how often: half a minute in all."""
DELIVERY_PAUSE = 30.0
"""Seconds between two tries of what Telegram did not take in time."""


class TurnEnding:
    """Delivers ends of answers and stores them."""

    def __init__(self, context: Context, companion: Companion, running_turns: RunningTurns) -> None:
        self._turns = context.storage.turns
        self._outbox = context.outbox
        self._tasks: set[asyncio.Task[None]] = set()
        self._sleep = context.sleep
        self._companion = companion
        self._running_turns = running_turns

    async def deliver(self, running: RunningTurn, deliver: Callable[[], Awaitable[object]]) -> None:
        """Deliver the end of an answer, however long Telegram is out of reach.

        A stop that is asked for meanwhile changes nothing: what is delivered is the end.

        Raises:
            TurnLost: another replica has the turn.
            Unreachable: the person blocked the bot.
            Undeliverable: Telegram refused it.
        """
        while True:
            try:
                await deliver()
            except Unsure:
                await self._running_turns.confirm(running)
            except Expired:
                await self.pause(running, "answer_not_delivered_yet")
            else:
                return

    async def pause(self, running: RunningTurn, event: str) -> None:
        """Wait before what Telegram did not take in time is tried again."""
        log.warning(event, turn=running.turn.id, next_try_in=DELIVERY_PAUSE)
        await self._sleep(DELIVERY_PAUSE)

    async def finish(
        self,
        running: RunningTurn,
        plan: Plan,
        answer: str | None,
        state: EndState,
        model: str | None = None,
        *,
        has_buttons: bool = False,
    ) -> None:
        """Store a turn's answer and end it; the answer is to be rated if `model` is given.

        Without an answer it was a card that answered.

        Raises:
            StorageError: it could not be stored, however often it was tried.
        """
        turn = running.turn
        revision = await self._store(
            partial(
                self._turns.finish,
                *(turn.id, answer, state, running.message_id),
                model=model,
                has_buttons=has_buttons,
                fold_at=self._companion.fold_at(plan, answer),
            )
        )
        if revision is None:
            log.warning("turn_no_longer_ours", turn=turn.id)
            return
        metrics.TURNS.labels(state, "").inc()
        self._retire_buttons(turn)
        if revision == turn.revision + 1:
            # Otherwise something else changed meanwhile (a person's words were erased), and the
            # past this turn was planned with is not to be remembered.
            await self._companion.remember(plan, answer, revision)

    def _retire_buttons(self, turn: Turn) -> None:
        """Take the buttons away from the answer before: they could do nothing any more."""
        if turn.buttons_before is None or turn.version > 1:
            return
        taking = self._take_buttons(turn.chat_id, turn.buttons_before)
        task = asyncio.create_task(taking, name="old buttons")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _take_buttons(self, chat_id: int, message_id: int) -> None:
        try:
            await self._outbox.edit_keyboard(chat_id, message_id, None)
        except (Unreachable, Undeliverable) as error:
            log.info("old_buttons_stay", error=type(error).__name__)

    async def fail(self, turn: Turn, reason: str, message_id: int | None = None) -> None:
        """Give a turn up, for a short reason for machines. Raises as `finish`."""
        await self._store(partial(self._turns.fail, turn.id, reason, message_id))
        metrics.TURNS.labels("failed", reason).inc()

    async def _store(self, store: Callable[[], Awaitable[int | None]]) -> int | None:
        for _ in range(STORE_RETRIES):
            try:
                return await store()
            except StorageError as error:
                log.warning("turn_end_not_stored", error=type(error).__name__)
                await self._sleep(STORE_PAUSE)
        return await store()
