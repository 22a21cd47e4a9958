"""What goes on behind the answers: leases are renewed, waiting work is found, replicas listen.

Every loop outlives its faults: it logs them and goes on.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.storage import Notification, StorageError
from bot.timeouts import wait_with_limit

if TYPE_CHECKING:
    from bot.conversation.memory.folding import MemoryFolding
    from bot.telegram.context import Context
    from bot.telegram.features.account.retention import RetentionKeeper
    from bot.telegram.features.broadcast.sender import BroadcastSender
    from bot.telegram.features.crisis.cards import Crisis
    from bot.telegram.features.crisis.check_ins import CheckIns
    from bot.telegram.features.exercises.breathing import BreathingGuide
    from bot.telegram.features.handoff.alerts import OncallAlerts
    from bot.telegram.features.trusted_person.messenger import TrustedMessenger
    from bot.telegram.turns.queue_notifier import QueueNotifier
    from bot.telegram.turns.registry import RunningTurns
    from bot.telegram.turns.scheduler import TurnScheduler
    from bot.telegram.update_handler import UpdateHandler

log = structlog.get_logger(__name__)

SWEEP_SECONDS = 5.0
HEARTBEAT_SECONDS = 5.0
MIN_SWEEP_PAUSE = 0.5
"""Seconds between two sweeps, however often one is asked for."""
PURGE_EVERY = timedelta(hours=1)
UPDATES_ARE_KEPT = timedelta(days=7)


class Maintenance:
    """The loops of one replica."""

    def __init__(
        self,
        context: Context,
        *,
        running_turns: RunningTurns,
        scheduler: TurnScheduler,
        update_handler: UpdateHandler,
        crisis: Crisis,
        check_ins: CheckIns,
        broadcasts: BroadcastSender,
        oncall_alerts: OncallAlerts,
        trusted_messenger: TrustedMessenger,
        memory_folding: MemoryFolding,
        breathing: BreathingGuide,
        queue_notifier: QueueNotifier,
        retention: RetentionKeeper,
        wanted: asyncio.Event,
    ) -> None:
        """`wanted` is set where work is to be looked for before the next sweep."""
        self._storage = context.storage
        self._access = context.access
        self._sleep = context.sleep
        self._running_turns = running_turns
        self._scheduler = scheduler
        self._update_handler = update_handler
        self._crisis = crisis
        self._check_ins = check_ins
        self._broadcasts = broadcasts
        self._oncall_alerts = oncall_alerts
        self._trusted_messenger = trusted_messenger
        self._memory_folding = memory_folding
        self._breathing = breathing
        self._queue_notifier = queue_notifier
        self._retention = retention
        self._wanted = wanted
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin with what was left behind."""
        self._tasks = [
            asyncio.create_task(self._sweep(), name="sweep"),
            asyncio.create_task(self._heartbeat(), name="heartbeat"),
            asyncio.create_task(self._storage.notifications.listen(self.handle), name="signals"),
        ]

    async def stop(self) -> None:
        """End the loops, and tell the other replicas that there may be something to take over."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._call_others()

    def handle(self, signal: Notification) -> None:
        """Do what another replica asks for."""
        if signal.kind == "stop":
            self._running_turns.stop_here([signal.turn_id])
        elif signal.kind == "danger":
            self._running_turns.overtake_here([signal.turn_id])
        elif signal.kind == "edited":
            self._running_turns.note_edits([signal.turn_id])
        elif signal.kind == "access":
            self._access.invalidate()
            self._wanted.set()
        else:
            self._wanted.set()

    async def _sweep(self) -> None:
        """Wake what waits and no task works on: after a crash, an outage, a failed attempt."""
        while True:
            self._wanted.clear()
            try:
                await self.look_for_work()
                await self._check_ins.send_due()
                await self._trusted_messenger.send_due()
                self._memory_folding.start_due()
                await self._broadcasts.look()
                await self._breathing.end_left()
                await self._storage.preferences.refresh_languages()
                await self._storage.users.finish_erasures()
                await self._storage.history_cache.finish_forgetting()
                await self.purge()
                await self._retention.run_due()
            except StorageError as error:
                log.warning("sweep_failed", error=type(error).__name__)
            except Exception:
                log.exception("sweep_broke")
            await self._sleep(min(MIN_SWEEP_PAUSE, SWEEP_SECONDS))
            limit = self._sleep(SWEEP_SECONDS - MIN_SWEEP_PAUSE)
            await wait_with_limit(self._wanted.wait(), limit)

    async def look_for_work(self) -> None:
        """Take up what waits and is not worked on. Raises StorageError."""
        storage = self._storage
        await storage.sync_clock()
        await self._access.refresh_if_stale()
        await self._crisis.recover()
        await storage.inbox.release_expired(exclude=self._update_handler.held)
        await self._running_turns.release_left()
        if self._scheduler.is_saturated:
            await self._call_others()
        await self._scheduler.fill(self._waiting_chats)
        self._update_handler.wake()
        if self._scheduler.is_saturated:
            await self._queue_notifier.tell(self._scheduler.list_busy())

    async def _waiting_chats(self, limit: int) -> list[int]:
        storage = self._storage
        waiting = await storage.turns.list_unfinished_chats(limit)
        return waiting + await storage.inbox.list_chats_with_work(
            limit, self._scheduler.list_busy()
        )

    async def _call_others(self) -> None:
        """Have other replicas look for the work that is too much for this one."""
        try:
            await self._storage.notifications.send(Notification("work"))
        except StorageError as error:
            log.info("others_not_called", error=type(error).__name__)

    async def purge(self) -> None:
        """Once an hour, delete updates that ended long ago; a repeat comes within a day."""
        if await self._storage.jobs.claim("purge", PURGE_EVERY):
            long_ago = self._storage.lease_owner.clock() - UPDATES_ARE_KEPT
            await self._storage.inbox.purge(long_ago)
            await self._storage.cards.purge(long_ago)
            await self._storage.check_ins.purge()
            await self._storage.risk.purge()
            await self._storage.crisis_talks.purge()
            await self._storage.handover_alerts.purge()
            await self._storage.memories.purge()
            await self._storage.broadcasts.purge()
            await self._storage.exercises.purge()

    async def _heartbeat(self) -> None:
        """Renew the leases of what is being worked on, and see what is to be stopped."""
        while True:
            await self._sleep(HEARTBEAT_SECONDS)
            try:
                await self._running_turns.renew_leases()
                if held := self._update_handler.held:
                    await self._storage.inbox.renew(held)
                if cards := self._crisis.held:
                    await self._storage.cards.renew(cards)
                if alerts := self._oncall_alerts.held:
                    await self._storage.handover_alerts.renew(alerts)
                if messages := self._trusted_messenger.held:
                    await self._storage.trusted_messages.renew(messages)
                if led := self._breathing.held:
                    await self._storage.breathings.renew(led)
            except StorageError as error:
                log.warning("leases_not_renewed", error=type(error).__name__)
            except Exception:
                log.exception("heartbeat_broke")
