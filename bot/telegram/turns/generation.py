"""The model's part of one answer: made while the person watches, kept waiting, or stopped.

An engine that is away costs no turn. The person is told once, in the message that will show the
answer, and the turn tries again when the engine is back, for `wait_seconds` at most. It keeps
its lease meanwhile, so what else the person writes is answered after it, in order.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import structlog

from bot import metrics
from bot.safety import Blocked
from bot.timeouts import wait_with_limit
from inference.engine import (
    EngineError,
    EngineOverloaded,
    EngineProtocolError,
    EngineTimeout,
    EngineUnavailable,
    ThoughtLeaked,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.conversation.breaker import EngineCircuitBreaker
    from bot.conversation.companion import Companion, Plan
    from bot.locales import Texts
    from bot.telegram.outbound.streaming import StreamedReply
    from bot.telegram.turns.running import RunningTurn

log = structlog.get_logger(__name__)

MAX_TIMEOUTS_OF_A_TURN = 3
"""So often may one turn run into a time-out while others are answered, before it is given up."""
MAX_LEAKS = 4
"""So often may a turn's answer turn out to be a thought. It happens once with each node: from then
on what that node says is read as begun in thought."""
OVERLOAD_PAUSE = 3.0
"""Seconds before a full engine is asked again."""
RETRY_PAUSE = 1.0
"""Seconds before a turn tries again on its own, when the engine failed it but is alive."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a generation ended."""

    said: str
    """What of the answer there is, without white space around."""
    end: Literal["answered", "stopped", "failed", "edited", "raised"]
    """`edited`: its words were changed before the first one of the answer; `raised`: a second
    reading brings a card. Both are answered anew."""
    reason: str = ""
    """Why it failed, for machines."""
    is_reviewed: bool = False
    """Whether a reviewed text stands in place of the model's."""


class GenerationManager:
    """Makes answers with the engine, and keeps turns waiting while it is away.

    Args:
        companion: streams an answer from the engine.
        breaker: what all turns together know about the engine.
        wait_seconds: seconds that a turn waits for an engine that is away.
        clock: monotonic seconds.
        sleep: waits for seconds of that clock.
    """

    def __init__(
        self,
        companion: Companion,
        breaker: EngineCircuitBreaker,
        *,
        wait_seconds: float,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._companion = companion
        self._breaker = breaker
        self._wait_seconds = wait_seconds
        self._clock = clock
        self._sleep = sleep

    async def run(
        self, running: RunningTurn, plan: Plan, reply: StreamedReply, texts: Texts
    ) -> Outcome:
        """Make the answer of a turn and show it growing; the end is the caller's to deliver.

        Raises:
            CancelledError: a shutdown, or another replica has the turn.
            Unreachable: the person blocked the bot.
        """
        running.draft, running.interruption = "", None
        generation = asyncio.create_task(self._make(plan, _VisibleDraft(running, reply, texts)))
        running.generation = generation
        try:
            await generation
        except asyncio.CancelledError:
            if running.interruption is None:
                raise
            return Outcome(running.draft, running.interruption)
        except Blocked as blocked:
            self._breaker.record_answer()
            instead = await self._companion.replace_blocked(plan, blocked)
            return Outcome(instead, "answered", is_reviewed=True)
        except EngineError as error:
            reason = type(error).__name__
            log.warning("answer_failed", turn=running.turn.id, reason=reason, detail=str(error))
            return Outcome(running.draft, "failed", reason)
        finally:
            running.generation = None
        return Outcome(running.draft, "answered")

    async def _make(self, plan: Plan, draft: _VisibleDraft) -> None:
        draft.reply.start()
        until = self._clock() + self._wait_seconds
        timeouts = failures = 0
        while True:
            if self._breaker.is_down:
                await self._wait_for_engine(plan, draft, until)
            try:
                await self._stream(plan, draft)
            except EngineOverloaded:
                draft.show_wait(draft.texts.wait_long)
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
                    self._breaker.record_unavailable()
            except EngineTimeout as error:
                # While no turn is answered a time-out is the engine's, else it may be the turn's.
                timeouts += not self._breaker.is_down
                self._breaker.record_timeout()
                log.info("answer_interrupted", turn=plan.turn.id, detail=str(error))
                if timeouts >= MAX_TIMEOUTS_OF_A_TURN:
                    raise
            else:
                return

    async def _wait_for_engine(self, plan: Plan, draft: _VisibleDraft, until: float) -> None:
        draft.show_interruption(draft.texts.wait_engine)
        limit = self._sleep(until - self._clock())
        if not await wait_with_limit(self._breaker.wait(), limit):
            raise EngineUnavailable("the engine did not come back in time")
        log.info("answer_tried_again", turn=plan.turn.id)

    async def _stream(self, plan: Plan, draft: _VisibleDraft) -> None:
        for _ in range(MAX_LEAKS):
            try:
                return await self._stream_once(plan, draft)
            except ThoughtLeaked:
                draft.discard()
            except EngineError as error:
                metrics.ENGINE_ERRORS.labels(type(error).__name__).inc()
                raise
        raise EngineProtocolError("every answer turned out to be a thought")

    async def _stream_once(self, plan: Plan, draft: _VisibleDraft) -> None:
        pieces: list[str] = []
        async with aclosing(self._companion.answer(plan, draft.show_position)) as stream:
            async for piece in stream:
                if not pieces:
                    self._breaker.record_answer()
                pieces.append(piece)
                draft.grow("".join(pieces))
        if not "".join(pieces).strip():
            raise EngineProtocolError("the answer has no text")


class _VisibleDraft:
    """What the person sees of an answer until its end."""

    def __init__(self, running: RunningTurn, reply: StreamedReply, texts: Texts) -> None:
        self.reply = reply
        self.texts = texts
        self._running = running
        self._position_told: int | None = None

    def grow(self, text: str) -> None:
        self._running.draft = text.strip()
        self.reply.update(text)

    def discard(self) -> None:
        """Forget what was said: it was no answer. The next one takes its place."""
        self._running.draft = ""
        self.reply.update(self.texts.wait_long)

    def show_interruption(self, note: str) -> None:
        """Say at once why nothing comes, under what has been said so far."""
        draft = self._running.draft
        self.reply.update(f"{draft}……\n\n{note}" if draft else note, is_typing=False)

    def show_wait(self, note: str) -> None:
        """Say why nothing comes, to a person who has been waiting long enough to wonder."""
        if not self._running.draft:
            self.reply.suggest(note)

    def show_position(self, queue_position: int) -> None:
        """Tell the position in the queue, and again only when half of the way is behind."""
        if self._position_told is None or queue_position <= self._position_told // 2:
            self._position_told = queue_position
            self.show_wait(self.texts.wait_place(count=queue_position))
