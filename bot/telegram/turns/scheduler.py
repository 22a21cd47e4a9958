"""One turn at a time in a chat, all chats side by side.

A chat with work has one task; a chat without has none. The task answers what was left unfinished
(a crash, a retry), then takes what has arrived since, once the burst is over, until nothing waits.
What it does is safe to repeat: the database says which turn is whose.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.locales import texts_for
from bot.storage import StorageError
from bot.telegram.outbound.failures import Undeliverable, Unreachable
from bot.telegram.shutdown import cancel_all
from bot.telegram.turns.assembler import MESSAGES_AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from bot.storage import Turn
    from bot.telegram.context import Context
    from bot.telegram.turns.assembler import TurnAssembler
    from bot.telegram.turns.registry import RunningTurns
    from bot.telegram.turns.runner import TurnRunner

log = structlog.get_logger(__name__)

MAX_TRIES = 10
TRIED_FOR = timedelta(minutes=15)
"""A turn that was begun so often over so long is given up with a button to try again.

A crash counts against every turn that ran, so tries alone do not tell which one caused it; the time
gives the others a chance. A turn that brings the bot down each time still has an end.
"""

MAX_FAILED_STARTS = 5
"""So often may what a chat has written fail to become a turn before it is kept as failed."""


@dataclass(slots=True, eq=False)
class _BusyChat:
    """A chat at work. `is_woken`: something has arrived since its task looked last."""

    task: asyncio.Task[None] | None = None
    is_woken: bool = False


class TurnScheduler:
    """Runs the chats that have something to answer.

    Args:
        context: what the parts share.
        assembler: makes what waits into turns.
        runner: answers them.
        running_turns: hear of edits.
        on_capacity: called when there is room again for chats that wait in the database.
    """

    def __init__(
        self,
        context: Context,
        assembler: TurnAssembler,
        runner: TurnRunner,
        running_turns: RunningTurns,
        *,
        on_capacity: Callable[[], None],
    ) -> None:
        self._context = context
        self._inbox = context.storage.inbox
        self._turns = context.storage.turns
        self._assembler = assembler
        self._runner = runner
        self._running_turns = running_turns
        self._on_capacity = on_capacity
        self.is_saturated = False
        """Whether a chat had to be left to other replicas, or to later."""
        self._chats: dict[int, _BusyChat] = {}
        self._resting: dict[int, datetime] = {}
        self._failed_starts: Counter[int] = Counter()
        self._is_open = True

    def wake(self, chat_id: int) -> None:
        """Look at a chat that has something to answer."""
        if not self._is_open:
            return
        if chat_id in self._chats:
            self._chats[chat_id].is_woken = True
            return
        if self.is_saturated or self.capacity <= 0:
            self.is_saturated = True  # it waits in the database, behind those who came before
            return
        chat = self._chats[chat_id] = _BusyChat()
        chat.task = asyncio.create_task(self._serve(chat_id, chat), name=f"chat {chat_id}")
        chat.task.add_done_callback(lambda _: self._leave(chat_id))

    def wake_for_edit(self, chat_id: int) -> None:
        """Look at a chat in which a message was edited, perhaps one that is being answered."""
        self.wake(chat_id)
        self._running_turns.note_edits_in_chat(chat_id)

    async def fill(self, find: Callable[[int], Awaitable[list[int]]]) -> None:
        """Work on as many of the waiting chats as there is room for; `find` is given how many.

        Raises:
            StorageError: they cannot be looked for.
        """
        if self.capacity <= 0:
            return
        self.is_saturated = False  # a chat that finds no room from here on says so again
        for chat_id in await find(self.capacity):
            self.wake(chat_id)
        self.is_saturated |= self.capacity <= 0

    def end_rests(self) -> None:
        """Look at chats again that rest: what they waited for may be over."""
        self._resting.clear()

    @property
    def capacity(self) -> int:
        """How many more chats could be worked on now."""
        return self.at_once - len(self._chats)

    @property
    def at_once(self) -> int:
        """How many chats are worked on at most."""
        return self._context.options.chats_at_once

    def list_busy(self) -> list[int]:
        """The chats not to be looked for: at work, or resting until their person has an answer."""
        now = self._context.now()
        resting = [chat_id for chat_id, until in self._resting.items() if until > now]
        return [*self._chats, *resting]

    async def drain(self, grace: float) -> None:
        """Take no new work, let running answers finish for `grace` seconds, cut off the rest.

        What is cut off stays unfinished in the database and is taken up at the next start.
        """
        self._is_open = False
        tasks = [chat.task for chat in self._chats.values() if chat.task is not None]
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=grace)
        await cancel_all(late)

    def _leave(self, chat_id: int) -> None:
        if self._chats.pop(chat_id).is_woken:
            self.wake(chat_id)
        if self.is_saturated and self._is_open:
            self._on_capacity()

    async def _serve(self, chat_id: int, chat: _BusyChat) -> None:
        began = False
        try:
            while self._is_open and not (began and self.is_saturated):
                chat.is_woken = False
                found = await self._assembler.next_turn(chat_id)
                if found.rests_until is not None:
                    self._rest(chat_id, found.rests_until)
                chat.is_woken |= found.look_again
                turn = found.turn
                if turn is None and not began:
                    # An unfinished turn keeps a new one from beginning, so it is asked for only
                    # when none began: most chats have none, and asking costs a transaction.
                    turn = await self._turns.claim_unfinished(chat_id)
                if turn is None:
                    return
                began = True
                self._failed_starts.pop(chat_id, None)
                await self._answer(turn, chat, with_media=found.with_media)
        except StorageError as error:
            # Everything is still in the inbox; the next sweep wakes this chat again.
            log.error("chat_paused", chat=chat_id, error=type(error).__name__)
        except Exception:
            log.exception("chat_failed", chat=chat_id)
            if not began:
                await self._note_failed_start(chat_id)

    def _rest(self, chat_id: int, until: datetime) -> None:
        now = self._context.now()
        self._resting = {chat: end for chat, end in self._resting.items() if end > now}
        self._resting[chat_id] = until

    async def _answer(self, turn: Turn, chat: _BusyChat, *, with_media: bool) -> None:
        language = await self._context.language_of(turn.user_id)
        if turn.attempts > MAX_TRIES and self._context.now() - turn.created_at > TRIED_FOR:
            await self._runner.give_up(turn, language)
            return
        await self._runner.run(
            turn,
            language,
            with_media=with_media,
            # What arrived since the turn was made may be an edit of it.
            may_be_edited=turn.attempts > 1 or chat.is_woken,
        )

    async def _note_failed_start(self, chat_id: int) -> None:
        """Keep what cannot be made into a turn as failed, so that it blocks nothing for ever."""
        self._failed_starts[chat_id] += 1
        if self._failed_starts[chat_id] < MAX_FAILED_STARTS:
            return
        try:
            for stored in await self._inbox.list_pending(chat_id, MESSAGES_AT_ONCE):
                log.error("update_given_up", update=stored.update_id)
                await self._inbox.fail(stored.update_id, "not_begun")
            await self._ask_to_write_again(chat_id)
        except StorageError as error:
            log.error("chat_paused", chat=chat_id, error=type(error).__name__)
        else:
            del self._failed_starts[chat_id]

    async def _ask_to_write_again(self, chat_id: int) -> None:
        texts = texts_for(await self._context.language_of(chat_id))
        try:
            await self._context.outbox.send_text(chat_id, texts.error_once_more)
        except (Unreachable, Undeliverable) as error:
            log.info("not_said", chat=chat_id, error=type(error).__name__)
