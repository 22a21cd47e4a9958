"""Folds what people said into what is remembered of them, behind the answers.

What is owed stands in the database (`bot.storage.memory_folds`), so a process that dies leaves it
to the next. An answer never waits for it: one conversation is folded at a time, and the model's
part of that ends at once where an answer has to wait for the engine.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Final

import structlog

from bot.conversation.memory import by_engine, by_rules
from bot.conversation.memory.record import allowed, changes
from bot.conversation.reading import read_for_danger
from bot.locales import language_for
from bot.safety import RiskLevel, Utterance, level_at, needs_card, region_of
from bot.safety.hotlines import zone_of
from bot.safety.quoted import own_words
from bot.storage import MemoryChanges, StorageError
from inference.engine import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime, tzinfo

    from bot.conversation.memory.by_engine import Summary
    from bot.conversation.reading import FirstReading
    from bot.storage import (
        Clock,
        Counters,
        DueFold,
        Memories,
        MemoryFact,
        MemoryFolds,
        Risk,
        Turn,
        Turns,
        Users,
    )
    from inference.engine import Engine, ModelInfo, Sampling

log = structlog.get_logger(__name__)

TURNS_AT_ONCE: Final = 24
"""Turns that are folded in one go."""
TOKENS_OF_A_GO: Final = 4000
"""Tokens of the words that are folded in one go; a smaller window takes a third of itself."""
READ_WITH: Final = 3
"""Turns before it that one is read for danger with."""
TRY_AGAIN_AFTER: Final = timedelta(minutes=2)
SILENCE: Final = timedelta(minutes=30)
"""After so much silence what was said is folded, though it is in the context window yet."""


class MemoryFolding:
    """Makes records of what was said in private conversations.

    Args:
        engine: is asked for summaries.
        serving: what it serves now; a trial model is not asked.
        turns: what was said.
        memories: what is remembered.
        folds: what is owed.
        risk: who is in danger: of them nothing is remembered meanwhile.
        counters: count what came of it.
        users: whose day it is by where they are.
        first_reading: reads what is to be kept for danger once more, with the encoder.
        now: the moment that records go by.
    """

    def __init__(
        self,
        engine: Engine,
        serving: Callable[[], ModelInfo],
        turns: Turns,
        memories: Memories,
        folds: MemoryFolds,
        risk: Risk,
        counters: Counters,
        users: Users,
        first_reading: FirstReading,
        *,
        now: Clock,
    ) -> None:
        self._engine = engine
        self._serving = serving
        self._turns = turns
        self._memories = memories
        self._folds = folds
        self._risk = risk
        self._counters = counters
        self._users = users
        self._first_reading = first_reading
        self._now = now
        self._task: asyncio.Task[None] | None = None
        self._summary: asyncio.Task[Summary | None] | None = None

    def start_due(self) -> None:
        """Fold what is due, without waiting for it; what is under way goes on."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._fold_due(), name="memory")

    def give_way(self) -> None:
        """Stop asking the engine: an answer waits for it. What is broken off is tried again."""
        if self._summary is not None:
            self._summary.cancel()

    async def aclose(self) -> None:
        """Stop; what is under way stays owed."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _fold_due(self) -> None:
        try:
            while due := await self._folds.claim_due(1):
                if not await self._fold(due[0]):
                    return
        except StorageError as error:
            log.warning("memory_not_folded", error=type(error).__name__)
        except Exception:
            log.exception("memory_broke")

    async def _fold(self, due: DueFold) -> bool:
        """Fold one conversation; False where the engine is wanted elsewhere or away."""
        waiting = await self._turns.list_after(
            due.conversation_id, due.folded_number, TURNS_AT_ONCE + 1
        )
        turns, now = self._in_one_go(waiting), self._now()
        if not turns:
            await self._folds.put_off(due, None)
            return True
        told: Sequence[tuple[MemoryFact, int]] = ()
        in_danger = level_at((await self._risk.for_user(due.user_id)).ends, now)
        memory = await self._memories.for_user(due.user_id)
        if not memory.is_off and not needs_card(in_danger):
            harmless = await self._harmless(turns, await self._zone(due.user_id))
            try:
                told = await self._facts(harmless) if harmless else ()
            except (EngineError, asyncio.CancelledError) as error:
                if isinstance(error, asyncio.CancelledError) and self._is_ending():
                    raise
                log.info("memory_put_off", reason=type(error).__name__)
                await self._folds.put_off(due, now + TRY_AGAIN_AFTER)
                return False
        found = changes(memory.lines, told, now) if told else MemoryChanges()
        again_at = now if len(turns) < len(waiting) else None
        if await self._folds.complete(due, turns[-1].number, found, again_at):
            log.info("memory_folded", turns=len(turns), added=len(found.added))
            await self._counters.add("memory_folded")
        return True

    def _is_ending(self) -> bool:
        return self._task is not None and self._task.cancelling() > 0

    async def _zone(self, user_id: int) -> tzinfo:
        """The time by which a person tells days; ours, where theirs is not known."""
        user = await self._users.get(user_id)
        language = language_for(user.language_code if user is not None else None)
        region = region_of(user.region) if user is not None else None
        return zone_of(language, region) or UTC

    def _in_one_go(self, waiting: Sequence[Turn]) -> Sequence[Turn]:
        """The first turns of those that wait, as many as are folded at once."""
        room = min(TOKENS_OF_A_GO, self._serving().context_window // 3)
        for place, turn in enumerate(waiting[:TURNS_AT_ONCE]):
            room -= by_engine.cost(turn)
            if room < 0 and place:
                return waiting[:place]
        return waiting[:TURNS_AT_ONCE]

    async def _harmless(self, turns: Sequence[Turn], zone: tzinfo) -> list[Turn]:
        """Those of a person's own turns in which no danger is read, with what was said before."""
        kept = []
        for place, turn in enumerate(turns):
            before = turns[max(0, place - READ_WITH) : place]
            said = [Utterance(own_words(one.user_text)) for one in (*before, turn)]
            read = await read_for_danger(said)
            alone = await read_for_danger(said[-1:])
            if max(read.level, alone.level) is RiskLevel.NONE:
                kept.append(replace(turn, created_at=turn.created_at.astimezone(zone)))
            await asyncio.sleep(0)  # the loop is other people's, too
        return kept

    async def _facts(self, turns: Sequence[Turn]) -> list[tuple[MemoryFact, int]]:
        """What turns tell and may be kept; by rules where no model can be asked, or it fails to."""
        summary = None if self._serving().is_trial else await self._summarised(turns)
        found = summary.facts if summary is not None else _by_rules(turns)
        said = {turn.id: own_words(turn.user_text) for turn in turns}
        return [(fact, told) for fact, told in found if await self._may_be_kept(fact, said[told])]

    async def _may_be_kept(self, fact: MemoryFact, said: str) -> bool:
        """Whether neither a fact nor the turn that tells it has to do with danger."""
        if not allowed(fact):
            return False
        for text in (said, f"{fact.said} {fact.note}".strip()):
            read = await self._first_reading.read([Utterance(text)], RiskLevel.NONE)
            if read.level is not RiskLevel.NONE:
                return False
        return True

    async def _summarised(self, turns: Sequence[Turn]) -> Summary | None:
        self._summary = asyncio.create_task(self._ask(turns), name="summary")
        try:
            return await self._summary
        finally:
            self._summary.cancel()
            self._summary = None

    async def _ask(self, turns: Sequence[Turn]) -> Summary | None:
        sampling: Sampling = replace(
            self._engine.sampling,
            temperature=0.1,
            max_tokens=min(by_engine.MAX_TOKENS, self._serving().context_window // 4),
            json_schema=by_engine.SCHEMA,
        )
        stream = self._engine.stream(by_engine.ask(turns), sampling, affinity="memory")
        async with aclosing(stream) as answer:
            pieces = [piece async for piece in answer]
        summary = by_engine.read_summary("".join(pieces), turns)
        if summary is None:
            await self._counters.add("memory_unreadable")
        return summary


def _by_rules(turns: Sequence[Turn]) -> list[tuple[MemoryFact, int]]:
    return [
        (fact, turn.id)
        for turn in turns
        for fact in by_rules.facts_in(own_words(turn.user_text), turn.created_at.date())
    ]


def fold_at(unfolded_tokens: int, budget: int, now: datetime) -> datetime:
    """When what was said is to be folded: before it can fall out of the window, or in silence."""
    return now if unfolded_tokens > budget * FOLDED_FROM else now + SILENCE


FOLDED_FROM: Final = 0.3
"""The share of a prompt that may be unfolded; the window drops what is beyond half of its room."""
