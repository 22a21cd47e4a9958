"""Breathing that is led in one message, which is edited at each phase: every four seconds or more.

What is led is a row with a lease, so a process that dies leaves it to the next, which ends it
kindly. Deleting the row stops it, wherever it is led.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from bot.locales.exercises import exercise_texts_for
from bot.storage import Breathing, StorageError
from bot.telegram.features.exercises.catalog import PATTERNS, Exercise
from bot.telegram.features.exercises.keyboards import after_breathing, while_breathing
from bot.telegram.outbound.failures import Undeliverable, Unreachable
from bot.telegram.outbound.rendering import render_one
from bot.timeouts import wait_with_limit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.locales import Language
    from bot.locales.exercises import ExerciseTexts
    from bot.locales.templates import CountText
    from bot.telegram.context import Context
    from bot.telegram.features.exercises.catalog import Phase
    from bot.telegram.outbound.rendering import Rendered

log = structlog.get_logger(__name__)

READY_SECONDS = 4
LEFT_AT_ONCE = 64


@dataclass(slots=True, eq=False)
class _Run:
    """One breathing that this process leads."""

    breathing: Breathing
    language: Language
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class BreathingGuide:
    """Leads people in breathing, each in a message of their private chat, whose id is theirs."""

    def __init__(self, context: Context) -> None:
        self._outbox = context.outbox
        self._breathings = context.storage.breathings
        self._language_of = context.language_of
        self._sleep = context.sleep
        self._runs: dict[int, _Run] = {}
        self._tasks: set[asyncio.Task[object]] = set()

    @property
    def held(self) -> list[int]:
        """The people who are led here, whose leases have to be renewed."""
        return list(self._runs)

    async def begin(
        self, user_id: int, message_id: int, exercise: Exercise, language: Language
    ) -> bool:
        """Begin to lead in a message; False if that goes on there already.

        Raises:
            StorageError: it has not begun.
        """
        before = self._runs.get(user_id)
        if before is not None and before.breathing.message_id == message_id:
            return False
        run = _Run(Breathing(user_id, message_id, exercise.value), language)
        self._runs[user_id] = run
        try:
            left = await self._breathings.begin(run.breathing)
        except BaseException:
            self._forget(run)
            raise
        if before is not None:
            before.stop.set()
        elif left is not None and left.message_id != message_id:
            await self._end(left, language, "breath_stopped")
        run.task = asyncio.create_task(self._lead(run), name="breathing")
        self._tasks.add(run.task)
        run.task.add_done_callback(self._tasks.discard)
        return True

    async def stop(self, user_id: int, language: Language | None = None) -> bool:
        """Lead a person no more; False if they were not led. Raises StorageError."""
        stopped = await self._breathings.stop(user_id)
        run = self._runs.get(user_id)
        if run is not None:
            run.stop.set()
        elif stopped is not None:
            await self._end(stopped, language or await self._language_of(user_id), "breath_stopped")
        return run is not None or stopped is not None

    def stop_soon(self, user_id: int) -> None:
        """Lead a person no more who is led here: words of danger come first. Never raises."""
        run = self._runs.get(user_id)
        if run is not None:
            run.stop.set()

    async def end_left(self) -> None:
        """End what a process that died was leading. Raises StorageError."""
        for left in await self._breathings.claim_left(LEFT_AT_ONCE):
            if left.user_id in self._runs:
                continue
            language = await self._language_of(left.user_id)
            if await self._end(left, language, "breath_broken"):
                await self._breathings.end(left)

    async def aclose(self) -> None:
        """End what is led here, while Telegram can still be told so."""
        for run in list(self._runs.values()):
            if run.task is not None:
                run.task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _lead(self, run: _Run) -> None:
        try:
            await self._lead_through(run)
        except asyncio.CancelledError:
            if await self._end(run.breathing, run.language, "breath_broken"):
                with suppress(StorageError):  # the next process says it once more
                    await self._breathings.end(run.breathing)
            raise
        except (StorageError, Unreachable, Undeliverable) as error:
            # Its row, if that is left, is ended by a later sweep.
            log.info("breathing_broke_off", error=type(error).__name__)
        except Exception:
            log.exception("breathing_broke")
        finally:
            self._forget(run)

    async def _lead_through(self, run: _Run) -> None:
        texts = exercise_texts_for(run.language)
        for text, seconds in _script(texts, Exercise(run.breathing.pattern)):
            if run.stop.is_set() or not await self._breathings.goes_on(run.breathing):
                break
            await self._show(run, render_one(text), texts)
            await wait_with_limit(run.stop.wait(), self._sleep(seconds))
        was_left = run.stop.is_set() or not await self._breathings.goes_on(run.breathing)
        await self._breathings.end(run.breathing)
        await self._end(
            run.breathing, run.language, "breath_stopped" if was_left else "breath_done"
        )

    async def _show(self, run: _Run, text: Rendered, texts: ExerciseTexts) -> None:
        """Show a phase, unless it was stopped before its slot came."""
        await self._outbox.edit_latest(
            run.breathing.user_id,
            run.breathing.message_id,
            lambda: None if run.stop.is_set() else text,
            while_breathing(texts),
        )

    async def _end(self, breathing: Breathing, language: Language, key: str) -> bool:
        """Say in its message how it ended; False if Telegram did not take that."""
        texts = exercise_texts_for(language)
        keyboard = after_breathing(texts, Exercise(breathing.pattern))
        try:
            await self._outbox.edit_text(
                breathing.user_id, breathing.message_id, getattr(texts, key), keyboard
            )
        except (Unreachable, Undeliverable) as error:
            log.info("breathing_end_not_shown", error=type(error).__name__)
            return False
        return True

    def _forget(self, run: _Run) -> None:
        if self._runs.get(run.breathing.user_id) is run:
            del self._runs[run.breathing.user_id]


def _script(texts: ExerciseTexts, exercise: Exercise) -> Iterator[tuple[str, int]]:
    """What is shown, one text after the other, and for how many seconds."""
    pattern = PATTERNS[exercise]
    yield texts.breath_ready, READY_SECONDS
    phrases: dict[Phase, CountText] = {
        "in": texts.breath_in,
        "hold": texts.breath_hold,
        "out": texts.breath_out,
        "rest": texts.breath_rest,
    }
    for number in range(1, pattern.rounds + 1):
        heading = texts.breath_round(number=number, count=pattern.rounds)
        for phase, seconds in pattern.phases:
            dots = "● " * seconds if phase in {"in", "out"} else "○ " * seconds
            yield f"{phrases[phase](count=seconds)}\n{dots.strip()}\n\n{heading}", seconds
