"""What the duty desk does by itself: alerts, an honest word to those who wait, ends of the idle."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.locales import language_for, texts_for
from bot.safety import RiskLevel
from bot.storage import StorageError
from bot.telegram import keyboards
from bot.telegram.features.handoff.desk import IDLE_HOURS
from bot.telegram.outbound.delivery import Undeliverable, Unreachable
from bot.telegram.outbound.lane import Priority
from bot.telegram.outbound.rendering import render

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.locales import Language
    from bot.storage import Handover
    from bot.storage.store import Storage
    from bot.telegram.features.handoff.desk import HandoffDesk
    from bot.telegram.outbound.outbox import Outbox

log = structlog.get_logger(__name__)

LOOK_EVERY = timedelta(seconds=30)
PATIENCE = timedelta(minutes=10)
"""Whoever asked for a human is told after so long that nobody has come."""
IDLE = timedelta(hours=IDLE_HOURS)


class OncallAlerts:
    """One loop; an alert waits in the database, so that whoever dies leaves it to another."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        storage: Storage,
        desk: HandoffDesk,
        admin_chat: int | None,
        language_of: Callable[[int], Awaitable[Language]],
        wanted: asyncio.Event,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._outbox = outbox
        self._storage = storage
        self._handovers = storage.handovers
        self._desk = desk
        self._admin_chat = admin_chat
        self._language_of = language_of
        self._wanted = wanted
        self._sleep = sleep
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin with the alerts that were left behind; nothing to do where nobody is on duty."""
        if self._admin_chat is not None:
            self._wanted.set()
            self._tasks = [
                asyncio.create_task(self._send_alerts(self._admin_chat), name="on-call alerts"),
                asyncio.create_task(self._look_after(), name="handoff desk"),
            ]

    async def stop(self) -> None:
        """End the loops; what waits stays in the database."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _send_alerts(self, admin_chat: int) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                for handover in await self._handovers.list_due_alerts():
                    if await self._handovers.claim_alert(handover.id):
                        await self._alert(admin_chat, handover)
            except StorageError as error:
                log.warning("oncall_alerts_not_read", error=type(error).__name__)
            except Exception:
                log.exception("oncall_alerts_broke")

    async def _look_after(self) -> None:
        while True:
            await self._sleep(LOOK_EVERY.total_seconds())
            self._wanted.set()  # an alert whose sender died, or that Telegram did not take
            try:
                if not await self._storage.jobs.claim("duty desk", LOOK_EVERY / 2):
                    continue
                for handover in await self._handovers.list_unanswered(PATIENCE):
                    await self._say_nobody_came(handover)
                for handover in await self._handovers.list_idle(IDLE):
                    if handover.state == "taken":
                        await self._desk.end(handover, "idle")
                    else:
                        await self._handovers.close(handover.id)
            except StorageError as error:
                log.warning("handoff_desk_not_read", error=type(error).__name__)
            except Exception:
                log.exception("handoff_desk_broke")

    async def _alert(self, admin_chat: int, handover: Handover) -> None:
        """Tell the admins when and how serious, never who and what."""
        texts = texts_for(language_for(None))
        at = f"{handover.asked_at or handover.opened_at:%m-%d %H:%M} UTC"
        level = RiskLevel(handover.level)
        if level >= RiskLevel.HIGH:
            name = texts.desk_imminent if level is RiskLevel.IMMINENT else texts.desk_high
            text = texts.desk_alert(handle=handover.id, level=name, at=at)
        else:
            text = texts.desk_alert_asked(handle=handover.id, at=at)
        button = keyboards.take_over(texts, handover.id) if handover.state == "open" else None
        try:
            await self._outbox.send(admin_chat, render(text)[0], button, priority=Priority.CRISIS)
        except (Unreachable, Undeliverable) as error:
            # Tried again when the claim has run out.
            log.error("oncall_alert_undelivered", handover=handover.id, error=type(error).__name__)
            return
        await self._handovers.mark_alerted(handover.id)
        await self._storage.counters.add("handover_alert")

    async def _say_nobody_came(self, handover: Handover) -> None:
        texts = texts_for(await self._language_of(handover.user_id))
        with suppress(Unreachable, Undeliverable):
            await self._outbox.send(handover.user_id, render(texts.desk_unanswered)[0])
        await self._handovers.mark_told_nobody(handover.id)
        await self._storage.counters.add("handover_unanswered")
