"""The middle of the bot in one process: everything real but Telegram, the model and the time."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor, Future
from datetime import timedelta
from math import inf
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa

from bot.app import build_companion
from bot.conversation.reading import FirstReading
from bot.conversation.second_reader import SecondReading
from bot.locales import language_for, texts_for
from bot.storage.models import TurnRow, UpdateRow
from bot.telegram.access import AccessOptions
from bot.telegram.context import Options
from bot.telegram.wiring import build_parts
from inference.engine import ModelInfo
from tests.bot.telegram.updates import ADMIN, FIRST_MOMENT, PERSON

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from bot.conversation.second_reader import EncoderReader, SecondReader
    from bot.storage.store import Storage
    from bot.telegram.context import Incident
    from bot.telegram.oncall_rota import OncallRota
    from tests.bot.telegram.outbound.scripted_bot import ScriptedBot
    from tests.bot.telegram.scripted_engine import ScriptedEngine
    from tests.clock import FakeClock

T = TypeVar("T")

CALLS_PER_SECOND = 30
ENGINE_PATIENCE = 600.0
"""Seconds that a turn waits for an engine that is away."""
CARD_WINDOW = timedelta(minutes=30)
CHECK_IN_AFTER = timedelta(hours=6)
ACKNOWLEDGE_WITHIN = timedelta(minutes=5)
TEXTS = texts_for(language_for("zh-hans"))


class InlineExecutor(Executor):
    """Runs transactions at once instead of in a thread, so that a test can wait for rest."""

    def __init__(self) -> None:
        self.is_away = False
        """Whether the database is away."""

    def submit(self, transact: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        future: Future[T] = Future()
        if self.is_away:
            future.set_exception(OSError("the database is away"))
            return future
        try:
            future.set_result(transact(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class Moment:
    """The time of day, which goes with a test's clock and can be set wrong."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock, self._start = clock, clock.now
        self.wrong_by = timedelta()
        self.goes_on_by = timedelta()
        """How much later it is at each look."""

    def __call__(self) -> datetime:
        self.wrong_by += self.goes_on_by
        seconds = self._clock.now - self._start
        return FIRST_MOMENT + timedelta(seconds=seconds) + self.wrong_by


async def rest() -> None:
    """Let every task run until all of them wait for something."""
    ready = asyncio.get_running_loop()._ready  # noqa: SLF001 - only asyncio knows
    for _ in range(20_000):
        await asyncio.sleep(0)
        if not ready:
            return
    raise AssertionError("the tasks never come to rest")


class Room:
    """One process of the bot: updates go in through `arrive`, what Telegram shows is in `bot`."""

    def __init__(
        self,
        storage: Storage,
        bot: ScriptedBot,
        engine: ScriptedEngine,
        clock: FakeClock,
        *,
        is_trial: bool = False,
        burst_window: float = 0.0,
        at_once: int = 1000,
        admin_chat: int | None = None,
        admins: frozenset[int] = frozenset({ADMIN}),
        oncall_rota: OncallRota | None = None,
        trusted_persons: bool = False,
        answers_per_day: int = 0,
        kept_for: timedelta | None = None,
        access: AccessOptions | None = None,
        requests_per_minute: int = 0,
        incidents: Sequence[Incident] = (),
        model_name: str = "scripted",
        operator_contact: str | None = None,
        lease_safe_seconds: float = inf,
        encoder: EncoderReader | None = None,
        second_readers: Sequence[SecondReader] = (),
        trusted_at_risk: Collection[str] = ("scripted",),
    ) -> None:
        self.storage, self.bot, self.engine, self.clock = storage, bot, engine, clock
        self.now = storage.clock
        self.model = ModelInfo(model_name, 8192, is_trial=is_trial)
        self.companion = build_companion(
            engine,
            lambda: self.model,
            storage,
            FirstReading(encoder, storage.counters, sleep=clock.sleep),
            SecondReading(second_readers, storage.counters, within=60.0, sleep=clock.sleep),
            max_answer_tokens=768,
            trusted_at_risk=trusted_at_risk,
        )
        parts = build_parts(
            bot,
            storage,
            self.companion,
            Options(
                serving=lambda: self.model,
                operator_contact=operator_contact,
                admins=admins,
                burst_window=burst_window,
                card_window=CARD_WINDOW,
                check_in_after=CHECK_IN_AFTER,
                admin_chat_id=admin_chat,
                oncall_rota=oncall_rota,
                trusted_persons=trusted_persons,
                acknowledge_within=ACKNOWLEDGE_WITHIN,
                answers_per_day=answers_per_day,
                kept_for=kept_for,
                access=access or AccessOptions(),
                requests_per_minute=requests_per_minute,
                chats_at_once=at_once,
                engine_patience=ENGINE_PATIENCE,
                calls_per_second=CALLS_PER_SECOND,
            ),
            lease_safe_seconds=lease_safe_seconds,
            incidents=lambda: incidents,
            clock=clock,
            sleep=clock.sleep,
            random=Random(7),
        )
        self._parts = parts
        self.access = parts.access
        self.outbox, self.intake = parts.outbox, parts.intake
        self.breaker, self.running_turns = parts.breaker, parts.running_turns
        self.desk, self.oncall_alerts = parts.desk, parts.oncall_alerts
        self.check_ins, self.crisis = parts.check_ins, parts.crisis
        self.retention = parts.retention
        self.trusted_messenger = parts.trusted_messenger
        self.broadcasts = parts.broadcasts
        self.breathing = parts.breathing
        self.scheduler, self.router = parts.scheduler, parts.router
        self.update_handler = parts.update_handler
        self.memory_folding = parts.memory_folding
        self.maintenance, self.work_wanted = parts.maintenance, parts.work_wanted
        parts.start_handling()

    async def aclose(self) -> None:
        """Stop as a process does that is given no time."""
        await self._parts.drain(0)
        await self._parts.aclose(drain_seconds=0)

    async def store(self, *updates: dict[str, Any]) -> list[int]:
        """Take in updates that nothing has begun to handle when this returns; their ids."""
        await self.intake.keep(updates)
        return [update["update_id"] for update in updates]

    async def arrive(self, *updates: dict[str, Any]) -> list[int]:
        """Take in updates and let everything happen that needs no time; their ids."""
        update_ids = await self.store(*updates)
        await rest()
        return update_ids

    async def sweep(self) -> None:
        """Wake what waits, as the maintenance does every few seconds."""
        await self.maintenance.look_for_work()
        await self.trusted_messenger.send_due()
        await self.check_ins.send_due()
        self.memory_folding.start_due()
        await self.broadcasts.look()
        await self.breathing.end_left()
        await rest()

    async def passes(self, seconds: float) -> None:
        """Let time go by, and everything happen that it brings."""
        end = self.clock.now + seconds
        await rest()
        while self.clock.next_at <= end:
            await self.clock.advance(max(self.clock.next_at - self.clock.now, 0))
            await rest()
        await self.clock.advance(end - self.clock.now)
        await rest()

    async def sleeps_through(self, seconds: float) -> None:
        """Let hours go by in which nothing is said; loops look once, at their end."""
        await rest()
        await self.clock.leap(seconds)
        await rest()

    def buttons(self, chat_id: int = PERSON) -> list[str]:
        """The callback data of the buttons under the newest message of a chat."""
        newest = max(message for chat, message in self.bot.shown if chat == chat_id)
        keyboard = self.bot.shown[chat_id, newest][1]
        rows = keyboard.inline_keyboard if keyboard else ()
        return [button.callback_data for row in rows for button in row]

    def methods(self, chat_id: int = PERSON) -> list[tuple[str, str]]:
        """What was asked of Telegram in a chat, typing left out: method and text."""
        calls = [call for call in self.bot.calls if call.chat_id == chat_id]
        return [(call.method, call.text) for call in calls if call.method != "typing"]

    async def turns(self) -> list[tuple[str, str | None]]:
        """State and reason of failure of every turn."""
        columns = sa.select(TurnRow.state, TurnRow.failure).order_by(TurnRow.id)
        return await self.storage.database.read(lambda c: [tuple(r) for r in c.execute(columns)])

    async def update(self, update_id: int) -> tuple[str, str | None] | None:
        """State and reason of failure of an update; None if it is not kept."""
        columns = sa.select(UpdateRow.state, UpdateRow.reason).where(
            UpdateRow.update_id == update_id
        )
        return await self.storage.database.read(
            lambda c: next((tuple(row) for row in c.execute(columns)), None)
        )
