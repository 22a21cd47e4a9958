"""Looks after hand-overs that nobody looks after: a silent human, a person who waits, the idle."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.locales import texts_for
from bot.storage import StorageError
from bot.telegram.features.handoff.desk import IDLE_HOURS
from bot.telegram.outbound.failures import Undeliverable, Unreachable

if TYPE_CHECKING:
    import asyncio

    from bot.storage import Handover
    from bot.telegram.context import Context
    from bot.telegram.features.handoff.desk import HandoffDesk

log = structlog.get_logger(__name__)

LOOK_EVERY = timedelta(seconds=30)
TELL_AFTER = timedelta(minutes=10)
"""A person is told after so long that no human has come, or that theirs has gone silent."""
IDLE = timedelta(hours=IDLE_HOURS)


class DeskKeeper:
    """One loop a process; of several replicas one does the work of a period."""

    def __init__(self, context: Context, *, desk: HandoffDesk, wanted: asyncio.Event) -> None:
        """`wanted` is set after each look: an alert may be owed whose sender died."""
        self._outbox = context.outbox
        self._handovers = context.storage.handovers
        self._jobs = context.storage.jobs
        self._counters = context.storage.counters
        self._has_oncall = context.options.has_oncall
        self._language_of = context.language_of
        self._sleep = context.sleep
        self._desk = desk
        self._wanted = wanted

    async def run(self) -> None:
        """Look after them until cancelled; where nobody is on call, only give people back."""
        if self._has_oncall:
            await self._look_after()
        else:
            await self._close_desk()

    async def _close_desk(self) -> None:
        """Give back who was left with a human when the operators closed the desk."""
        while True:
            try:
                await self._desk.end_unauthorised()
            except StorageError as error:
                log.warning("handoff_desk_not_read", error=type(error).__name__)
                await self._sleep(LOOK_EVERY.total_seconds())
            else:
                return

    async def _look_after(self) -> None:
        while True:
            try:
                if await self._jobs.claim("duty desk", LOOK_EVERY / 2):
                    await self._end_what_is_over()
            except StorageError as error:
                log.warning("handoff_desk_not_read", error=type(error).__name__)
            except Exception:
                log.exception("handoff_desk_broke")
            await self._sleep(LOOK_EVERY.total_seconds())
            self._wanted.set()

    async def _end_what_is_over(self) -> None:
        await self._desk.end_unauthorised()
        for handover in await self._handovers.list_unanswered(TELL_AFTER):
            await self._say_no_human_came(handover)
        for handover in await self._handovers.list_left_waiting(TELL_AFTER):
            await self._desk.release_if_silent(handover)
        for handover in await self._handovers.list_idle(IDLE):
            if handover.state == "taken":
                await self._desk.end(handover, "idle")
            else:
                await self._handovers.close(handover.id)

    async def _say_no_human_came(self, handover: Handover) -> None:
        texts = texts_for(await self._language_of(handover.user_id))
        with suppress(Unreachable, Undeliverable):
            await self._outbox.send_text(handover.user_id, texts.desk_unanswered)
        await self._handovers.mark_told_nobody(handover.id)
        await self._counters.add("handover_unanswered")
