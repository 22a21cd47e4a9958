"""One turn at a time in a chat, all chats side by side.

A chat with work has one task; a chat without has none. The task answers what was left unfinished
(a crash, a retry), then takes what has arrived since, once the burst is over, until nothing waits.
What it does is safe to repeat: the database says which turn is whose.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.storage import StorageError
from bot.telegram.inbound.incoming import (
    as_one_text,
    one_message,
    one_person,
    said_in_stored,
    up_to,
)
from bot.telegram.shutdown import cut_off

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from telegram import Bot, User

    from bot.locales import Language
    from bot.storage import Inbox, StoredUpdate, Turn, Turns, Users
    from bot.telegram.features.feedback import AnswerFeedback
    from bot.telegram.features.handoff.desk import HandoffDesk
    from bot.telegram.inbound.incoming import IncomingText
    from bot.telegram.turns.quota import Quota
    from bot.telegram.turns.runner import TurnRunner

log = structlog.get_logger(__name__)

MAX_TRIES = 10
TRIED_FOR = timedelta(minutes=15)
"""A turn that was begun so often over so long is given up with a button to try again.

A crash counts against every turn that ran, so tries alone say little: in a bad quarter of an hour
they are bystanders'. A turn that brings the bot down each time still has an end.
"""

MAX_BURST = 5
"""A burst is cut after so many windows: someone who never pauses is answered all the same."""


MAX_STUMBLES = 5
"""So often may what a chat has written fail to become a turn before it is kept as failed."""

MESSAGES_AT_ONCE = 64
MAX_TEXT = 32_000
"""Messages and characters that become one turn at most. What is beyond becomes the next ones, each
behind everybody who waits for the engine by then: a chat that floods delays itself."""


class TurnScheduler:
    """Runs the chats that have something to answer."""

    def __init__(
        self,
        *,
        bot: Bot,
        me: User,
        inbox: Inbox,
        turns: Turns,
        users: Users,
        answering: TurnRunner,
        desk: HandoffDesk,
        quota: Quota,
        feedback: AnswerFeedback,
        burst_window: float,
        language_of: Callable[[int], Awaitable[Language]],
        now: Callable[[], datetime],
        at_once: int = 1000,
        on_room: Callable[[], None] = lambda: None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`at_once`: chats to work on at a time; `on_room` is called when there is room again."""
        self._bot = bot
        self._me = me
        self._inbox = inbox
        self._turns = turns
        self._users = users
        self._answering = answering
        self._desk = desk
        self._quota = quota
        self._feedback = feedback
        self._window = burst_window
        self._language_of = language_of
        self._now = now
        self._sleep = sleep
        self._at_once = at_once
        self._on_room = on_room
        self.was_full = False
        """Whether a chat had to be left to other replicas, or to later."""
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._again: set[int] = set()
        self._with_media: set[int] = set()
        self._resting: dict[int, datetime] = {}
        self._stumbles: Counter[int] = Counter()
        self._open = True

    def wake(self, chat_id: int) -> None:
        """Say that a chat has something to answer."""
        if not self._open:
            return
        if chat_id in self._tasks:
            self._again.add(chat_id)
            return
        if self.was_full or self.room() <= 0:
            self.was_full = True  # it waits in the database, behind those who came before
            return
        task = asyncio.create_task(self._serve(chat_id), name=f"chat {chat_id}")
        self._tasks[chat_id] = task
        task.add_done_callback(lambda _: self._left(chat_id))

    def edited(self, chat_id: int) -> None:
        """Say that a message of a chat was edited, perhaps one that is being answered."""
        self.wake(chat_id)
        self._answering.edited(chat_id)

    async def fill(self, find: Callable[[int], Awaitable[list[int]]]) -> None:
        """Work on as many of the waiting chats as there is room for; `find` is given how many.

        Raises:
            StorageError: they cannot be looked for.
        """
        if self.room() <= 0:
            return
        self.was_full = False  # whoever finds no room from here on says so again
        for chat_id in await find(self.room()):
            self.wake(chat_id)
        self.was_full |= self.room() <= 0

    def room(self) -> int:
        """How many more chats could be worked on now."""
        return self._at_once - len(self._tasks)

    def busy(self) -> list[int]:
        """The chats not to be looked for: at work, or resting until their person has an answer."""
        now = self._now()
        for chat_id in [chat for chat, until in self._resting.items() if until <= now]:
            del self._resting[chat_id]
        return [*self._tasks, *self._resting]

    async def drain(self, grace: float) -> None:
        """Take no new work, let running answers finish for `grace` seconds, cut off the rest.

        What is cut off stays unfinished in the database and is taken up at the next start.
        """
        self._open = False
        tasks = list(self._tasks.values())
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=grace)
        await cut_off(late)

    def _left(self, chat_id: int) -> None:
        del self._tasks[chat_id]
        if chat_id in self._again:
            self._again.discard(chat_id)
            self.wake(chat_id)
        if self.was_full and self._open:
            self._on_room()

    async def _serve(self, chat_id: int) -> None:
        began = False
        try:
            while self._open and not (began and self.was_full):
                self._again.discard(chat_id)
                turn = await self._next_turn(chat_id)
                if turn is None and not began:
                    # An unfinished turn keeps a new one from beginning, so it is asked for only
                    # when none began: most chats have none, and asking costs a transaction.
                    turn = await self._turns.claim_unfinished(chat_id)
                if turn is None:
                    return
                began = True
                self._stumbles.pop(chat_id, None)
                await self._answer(turn)
        except StorageError as error:
            # Everything is still in the inbox; the next sweep wakes this chat again.
            log.error("chat_paused", chat=chat_id, error=type(error).__name__)
        except Exception:
            log.exception("chat_failed", chat=chat_id)
            if not began:
                await self._stumbled(chat_id)

    async def _stumbled(self, chat_id: int) -> None:
        """Keep what cannot be made into a turn as failed, so that it blocks nothing for ever."""
        self._stumbles[chat_id] += 1
        if self._stumbles[chat_id] < MAX_STUMBLES:
            return
        try:
            for stored in await self._inbox.list_pending(chat_id, MESSAGES_AT_ONCE):
                log.error("update_given_up", update=stored.update_id)
                await self._inbox.fail(stored.update_id, "not_begun")
            await self._answering.apologize(chat_id, await self._language_of(chat_id))
        except StorageError as error:
            log.error("chat_paused", chat=chat_id, error=type(error).__name__)
        else:
            del self._stumbles[chat_id]

    async def _answer(self, turn: Turn) -> None:
        language = await self._language_of(turn.user_id)
        if turn.attempts > MAX_TRIES and self._now() - turn.created_at > TRIED_FOR:
            await self._answering.give_up(turn, language)
            return
        with_media = turn.id in self._with_media
        self._with_media.discard(turn.id)
        # What arrived since the turn was made may be an edit of it.
        may_be_edited = turn.attempts > 1 or turn.chat_id in self._again
        await self._answering.answer(
            turn, language, with_media=with_media, may_be_edited=may_be_edited
        )

    async def _next_turn(self, chat_id: int) -> Turn | None:
        """Wait for the end of the burst and make what has arrived into one turn."""
        while True:
            waiting = await self._inbox.list_pending(chat_id, MESSAGES_AT_ONCE)
            if not waiting:
                return None
            batch, empty, unreadable = self._read(waiting)
            if empty:
                await self._inbox.finish_all(empty)
            for update_id in unreadable:
                await self._inbox.fail(update_id, "unreadable")
            if not batch:
                continue
            rest = self._until_quiet(batch)
            if rest > 0:
                self._answering.show_typing(chat_id)
                await self._sleep(rest)
                continue
            return await self._begin(batch)

    def _read(self, waiting: list[StoredUpdate]) -> tuple[list[IncomingText], list[int], list[int]]:
        """What the first person in the queue said; updates with no words in them; broken ones."""
        said: list[IncomingText] = []
        empty: list[int] = []
        unreadable: list[int] = []
        for stored in waiting:
            try:
                item = said_in_stored(stored, self._bot, self._me)
            except Exception as error:
                # Whatever is wrong with it, it must not keep the next message from its answer.
                log.error("update_broken", update=stored.update_id, error=type(error).__name__)
                unreadable.append(stored.update_id)
                continue
            if item is None:
                empty.append(stored.update_id)
            else:
                said.append(item)
        together = up_to(MAX_TEXT, one_person(said))
        # With no burst window each message gets its own answer, however long it had to wait.
        return together if self._window else one_message(together), empty, unreadable

    def _until_quiet(self, batch: list[IncomingText]) -> float:
        now = self._now().timestamp()
        if batch[-1].received_at > now + self._window:
            return 0  # the clock was set back meanwhile: nobody is to wait until it catches up
        end = min(
            batch[-1].received_at + self._window,
            batch[0].received_at + MAX_BURST * self._window,
        )
        return min(end - now, self._window)

    async def _begin(self, batch: list[IncomingText]) -> Turn | None:
        first = batch[0]
        if rewritten := [
            item.update_id for item in batch if await self._feedback.keep_rewriting(item)
        ]:
            await self._inbox.finish_all(rewritten)
            return await self._next_turn(first.chat_id)
        text = as_one_text(batch)
        update_ids = [item.update_id for item in batch]
        if not text:
            if await self._turns.notify_edited(first.chat_id):
                return None  # whoever answers there takes the edits, or else ends them
            # Only edits of what was answered before: nothing new was said.
            await self._inbox.finish_all(update_ids)
            return await self._next_turn(first.chat_id)
        await self._users.record_seen(first.user_id, first.language_code)
        if await self._desk.from_admin(first.chat_id, first.user_id, text):
            await self._inbox.finish_all(update_ids)
            return await self._next_turn(first.chat_id)
        if await self._must_rest(first, update_ids):
            return None
        turn = await self._turns.begin(
            chat_id=first.chat_id,
            user_id=first.user_id,
            text=text,
            update_ids=update_ids,
            reply_to_message_id=batch[-1].message_id,
        )
        if turn is None and any(item.is_edit for item in batch):
            await self._turns.notify_edited(first.chat_id)
        elif turn is not None and any(item.with_media for item in batch):
            self._with_media.add(turn.id)
        return turn

    async def _must_rest(self, first: IncomingText, update_ids: list[int]) -> bool:
        language = await self._language_of(first.user_id)
        until = await self._quota.rests_until(first.user_id, first.chat_id, language)
        if until is None:
            return False
        if first.chat_id == first.user_id:
            self._resting[first.chat_id] = until
        else:
            await self._inbox.finish_all(update_ids)
            self._again.add(first.chat_id)
        return True
