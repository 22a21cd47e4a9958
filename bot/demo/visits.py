"""Visitors of the page: the same turns, memory, detector, cards and guard as in Telegram.

A visit is a chat with an id of its own in a database that lies in a temporary folder, encrypted by
a key that is never written anywhere else, and deleted with the folder. Closing the page forgets the
visitor at once.
"""

from __future__ import annotations

import asyncio
import itertools
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import structlog

from bot.locales import texts_for
from bot.safety import (
    Blocked,
    RiskLevel,
    danger_of,
    ends_of,
)
from bot.storage import NewUpdate, RiskSignal, StorageError
from inference.engine import EngineError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable
    from datetime import timedelta

    from bot.conversation.companion import Companion, Plan
    from bot.locales import Language
    from bot.storage import EndState, Turn
    from bot.storage.store import Storage

log = structlog.get_logger(__name__)

MAX_CHARACTERS = 4096
"""Characters of one message, about what Telegram takes; the page's field stops there too."""


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message of the bot. A card never changes; an answer grows until it is done."""

    kind: Literal["card", "answer"]
    text: str


class Stopped(Exception):
    """An answer was stopped before it had ended."""


class Visits:
    """Answers visitors. One visit says one thing at a time."""

    def __init__(
        self,
        companion: Companion,
        storage: Storage,
        language: Language,
        *,
        card_window: timedelta,
    ) -> None:
        """`card_window`: after a crisis card, the same one is not shown again for so long."""
        self._companion = companion
        self._card_window = card_window
        self._storage = storage
        self._language = language
        self._texts = texts_for(language)
        self._ids = itertools.count(1)
        self._messages = itertools.count(1)
        self._running: dict[int, asyncio.Task[None]] = {}

    def open(self) -> int:
        """The id of a new visit."""
        return next(self._ids)

    async def forget(self, visit: int) -> None:
        """Stop its answer and delete everything about a visit."""
        await self.stop(visit)
        try:
            await self._storage.users.erase(visit)
            await self._storage.history_cache.forget(visit)
        except StorageError as error:
            log.error("visit_not_forgotten", visit=visit, error=type(error).__name__)

    def say(self, visit: int, text: str) -> AsyncGenerator[list[Bubble], None]:
        """What the bot says to `text`, again and again as it grows. Raises `Stopped`."""

        async def begun() -> Turn | None:
            # A turn is made of messages that wait; here one has just come in.
            message = next(self._messages)
            now = self._storage.lease_owner.clock()
            await self._storage.inbox.add(NewUpdate(message, visit, "chat", b"", now))
            return await self._storage.turns.begin(visit, visit, text[:MAX_CHARACTERS], [message])

        return self._answered(visit, begun)

    def redo(self, visit: int) -> AsyncGenerator[list[Bubble], None]:
        """Another answer to what was said last; nothing if nothing was. Raises `Stopped`."""
        turns = self._storage.turns

        async def reopened() -> Turn | None:
            last = await turns.last_for_chat(visit)
            if last is None or await turns.reopen(last.id) is None:
                return None
            return await turns.claim_unfinished(visit)

        return self._answered(visit, reopened)

    async def stop(self, visit: int) -> None:
        """Stop what is being answered, and wait until that is stored."""
        running = self._running.get(visit)
        if running is not None:
            running.cancel()
            await asyncio.wait([running])

    async def liked(self, *, liked: bool) -> None:
        """Count a thumb; what it was about is not kept."""
        await self._storage.counters.add("demo_liked" if liked else "demo_disliked")

    async def _answered(
        self, visit: int, begin: Callable[[], Awaitable[Turn | None]]
    ) -> AsyncGenerator[list[Bubble], None]:
        """Answer in a task of our own: a page that lets go of a generator does not end it."""
        await self.stop(visit)
        grown: asyncio.Queue[list[Bubble] | None] = asyncio.Queue()
        task = asyncio.create_task(self._answer(begin, grown), name=f"visit {visit}")
        self._running[visit] = task
        try:
            while (bubbles := await grown.get()) is not None:
                yield bubbles
            await asyncio.wait([task])
            if task.cancelled():
                raise Stopped
        finally:
            task.cancel()
            await asyncio.wait([task])
            if self._running.get(visit) is task:
                del self._running[visit]

    async def _answer(
        self,
        begin: Callable[[], Awaitable[Turn | None]],
        grown: asyncio.Queue[list[Bubble] | None],
    ) -> None:
        try:
            turn = await begin()
            if turn is not None:
                async with aclosing(self._bubbles(turn)) as growing:
                    async for bubbles in growing:
                        grown.put_nowait(bubbles)
        except StorageError as error:
            log.error("demo_turn_failed", error=type(error).__name__)
            grown.put_nowait([Bubble("answer", self._texts.error_once_more)])
        finally:
            grown.put_nowait(None)

    async def _bubbles(self, turn: Turn) -> AsyncGenerator[list[Bubble], None]:
        plan = await self._companion.plan(turn, self._language)
        await self._companion.lower_risk(plan)
        cards = [Bubble("card", text)] if (text := await self._card(plan)) else []
        if cards:
            plan = self._companion.after_card(plan)
            yield cards
        said = ""
        ended = False
        try:
            if plan.is_reviewed:
                said = await self._companion.reviewed(plan) or ""
                if said:
                    yield [*cards, Bubble("answer", said)]
            else:
                async with aclosing(self._companion.answer(plan)) as pieces:
                    async for piece in pieces:
                        said += piece
                        yield [*cards, Bubble("answer", said)]
            ended = True
        except Blocked as blocked:
            said = await self._companion.replace_blocked(plan, blocked)
            ended = True
            yield [*cards, Bubble("answer", said)]
        except EngineError as error:
            log.warning("demo_answer_failed", reason=type(error).__name__)
            shown = f"{said}……\n\n{self._texts.error_once_more}" if said else ""
            yield [*cards, Bubble("answer", shown or self._texts.error_once_more)]
        finally:
            # Also when the visitor stops it: what could be read by then is what was said.
            await self._end(plan, said.strip(), complete=ended)

    async def _end(self, plan: Plan, said: str, *, complete: bool) -> None:
        turns = self._storage.turns
        if not said and not (complete and plan.card_asks):
            await turns.fail(plan.turn.id, "no_answer")
            return
        end: EndState = "answered" if complete else "stopped"
        revision = await turns.finish(plan.turn.id, said or None, end)
        if revision is not None:
            await self._companion.remember(plan, said or None, revision)

    async def _card(self, plan: Plan) -> str | None:
        """The card this turn calls for, shorter where one was shown a while ago."""
        level, visit = plan.assessment.level, plan.turn.chat_id
        if level is RiskLevel.NONE:
            return None
        now = self._storage.lease_owner.clock()
        danger = danger_of(plan.assessment)
        signal = RiskSignal(
            update_id=0,
            chat_id=visit,
            user_id=visit,
            level=level,
            language_code=self._language.value,
            ends={step.value: end for step, end in ends_of(level, now).items()},
            danger=danger.value,
        )
        owed = await self._storage.cards.owe_for_turn(plan.turn.id, signal, self._card_window)
        if owed is None:
            return None
        await self._storage.cards.mark_sent(owed.key)
        await self._storage.counters.add("card_sent")
        return await self._companion.card(plan, repeated=owed.repeated, number=owed.number)
