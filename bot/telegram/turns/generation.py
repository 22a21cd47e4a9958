"""The model's part of one answer: made while the person watches, kept waiting, or stopped.

An engine that is away costs no turn. The person is told once, in the message that will show the
answer, and the turn tries again when the engine is back, for as long as `patience` lasts. It keeps
its claim meanwhile, so whatever else the person writes is answered after it, in order.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import structlog

from bot.safety import Blocked
from inference.engine import (
    EngineError,
    EngineOverloaded,
    EngineProtocolError,
    EngineTimeout,
    EngineUnavailable,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from bot.conversation.breaker import EngineCircuitBreaker
    from bot.conversation.companion import Companion, Plan
    from bot.locales import Texts
    from bot.telegram.outbound.streaming import StreamedReply

log = structlog.get_logger(__name__)

MAX_SILENCES = 3
"""So often may one turn run into a time-out while others are answered, before it is given up."""
OVERLOAD_PAUSE = 3.0
RETRY_PAUSE = 1.0
"""Seconds before a turn tries again on its own, when the engine failed it but is alive."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a generation ended. `said` is what of the answer there is, without white space around.

    `is_reviewed`: it is not the model's own, a reviewed text stands in its place.
    """

    said: str
    end: Literal["answered", "stopped", "failed", "edited"]
    reason: str = ""
    is_reviewed: bool = False


@dataclass(slots=True)
class _Running:
    """An answer that is being made; `broken_off` tells why, None if it is by a shutdown."""

    turn_id: int
    draft: _Draft
    generation: asyncio.Task[None]
    broken_off: Literal["stopped", "edited"] | None = None


class GenerationManager:
    """The answers being made, one a chat at a time."""

    def __init__(
        self,
        companion: Companion,
        breaker: EngineCircuitBreaker,
        *,
        patience: float,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`patience`: seconds that a turn waits for an engine that is away."""
        self._companion = companion
        self._breaker = breaker
        self._patience = patience
        self._clock = clock
        self._sleep = sleep
        self._running: dict[int, _Running] = {}

    def stop(self, chat_id: int, turn_id: int | None = None) -> bool:
        """Stop the answer being made in a chat (only `turn_id`'s, if given).

        Returns whether there was one. What is visible by then stays.
        """
        running = self._running.get(chat_id)
        if running is None or running.generation.done():
            return False
        if turn_id is not None and running.turn_id != turn_id:
            return False
        running.broken_off = "stopped"
        running.generation.cancel()
        return True

    def edited(self, chat_id: int) -> None:
        """Break off the answer being made in a chat, if nothing of it is to be seen yet."""
        running = self._running.get(chat_id)
        if running is None or running.generation.done() or running.draft.said:
            return
        if running.broken_off is None:
            running.broken_off = "edited"
            running.generation.cancel()

    def abandon(self, turn_ids: Collection[int]) -> None:
        """Stop making answers that are somebody else's by now, and say nothing more in them."""
        for running in self._running.values():
            if running.turn_id in turn_ids:
                log.warning("turn_lost", turn=running.turn_id)
                running.generation.cancel()

    async def run(self, plan: Plan, reply: StreamedReply, texts: Texts) -> Outcome:
        """Make the answer of a turn and show it growing; the end is the caller's to deliver.

        Raises:
            CancelledError: a shutdown, or the turn is somebody else's.
            Unreachable: the person blocked the bot.
        """
        turn = plan.turn
        draft = _Draft(reply, texts)
        running = _Running(turn.id, draft, asyncio.create_task(self._make(plan, draft)))
        self._running[turn.chat_id] = running
        try:
            await running.generation
        except asyncio.CancelledError:
            if running.broken_off is None:
                raise
            return Outcome(draft.said, running.broken_off)
        except Blocked as blocked:
            self._breaker.answered()
            instead = await self._companion.instead(plan, blocked)
            return Outcome(instead, "answered", is_reviewed=True)
        except EngineError as error:
            reason = type(error).__name__
            log.warning("answer_failed", turn=turn.id, reason=reason, detail=str(error))
            return Outcome(draft.said, "failed", reason)
        finally:
            del self._running[turn.chat_id]
        return Outcome(draft.said, "answered")

    async def _make(self, plan: Plan, draft: _Draft) -> None:
        draft.reply.start()
        until = self._clock() + self._patience
        silences = failures = 0
        while True:
            if self._breaker.is_down:
                await self._wait_for_engine(plan, draft, until)
            try:
                await self._stream(plan, draft)
            except EngineOverloaded:
                draft.waits(draft.texts.wait_long)
                if self._clock() + OVERLOAD_PAUSE >= until:
                    raise
                await self._sleep(OVERLOAD_PAUSE)
            except EngineUnavailable as error:
                failures += 1
                log.info("answer_interrupted", turn=plan.turn.id, detail=str(error))
                if failures == 1 and await self._breaker.is_alive():
                    # One bad answer does not make everybody else wait.
                    await self._sleep(RETRY_PAUSE)
                else:
                    self._breaker.unavailable()
            except EngineTimeout as error:
                # Silence while nobody is answered is the engine's, otherwise it may be the turn's.
                silences += not self._breaker.is_down
                self._breaker.silent()
                log.info("answer_interrupted", turn=plan.turn.id, detail=str(error))
                if silences >= MAX_SILENCES:
                    raise
            else:
                return

    async def _wait_for_engine(self, plan: Plan, draft: _Draft, until: float) -> None:
        draft.is_interrupted(draft.texts.wait_engine)
        up = asyncio.ensure_future(self._breaker.wait())
        limit = asyncio.ensure_future(self._sleep(until - self._clock()))
        try:
            await asyncio.wait({up, limit}, return_when=asyncio.FIRST_COMPLETED)
            if not up.done():
                raise EngineUnavailable("the engine did not come back in time")
        finally:
            up.cancel()
            limit.cancel()
            await asyncio.gather(up, limit, return_exceptions=True)
        log.info("answer_tried_again", turn=plan.turn.id)

    async def _stream(self, plan: Plan, draft: _Draft) -> None:
        pieces: list[str] = []
        async with aclosing(self._companion.answer(plan, draft.waits_at)) as stream:
            async for piece in stream:
                if not pieces:
                    self._breaker.answered()
                pieces.append(piece)
                draft.grows("".join(pieces))
        if not "".join(pieces).strip():
            raise EngineProtocolError("the answer has no text")


class _Draft:
    """What the person sees of an answer until its end."""

    def __init__(self, reply: StreamedReply, texts: Texts) -> None:
        self.reply = reply
        self.texts = texts
        self.said = ""
        self._place_told: int | None = None

    def grows(self, text: str) -> None:
        self.said = text.strip()
        self.reply.update(text)

    def is_interrupted(self, note: str) -> None:
        """Say at once why nothing comes, under what has been said so far."""
        shown = f"{self.said}……\n\n{note}" if self.said else note
        self.reply.update(shown, is_typing=False)

    def waits(self, note: str) -> None:
        """Say why nothing comes, to somebody who has been waiting long enough to wonder."""
        if not self.said:
            self.reply.suggest(note)

    def waits_at(self, place: int) -> None:
        """Tell the place in the line, and again only when half of the way is behind."""
        if self._place_told is None or place <= self._place_told // 2:
            self._place_told = place
            self.waits(self.texts.wait_place(count=place))
