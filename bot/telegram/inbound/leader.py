"""One replica asks Telegram for updates, the others stand by.

Telegram gives its updates to one caller of getUpdates at a time. Who calls is settled by a lease in
the database: the replica that holds it polls, and when it dies another one does.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.storage import StorageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.storage import Jobs
    from bot.telegram.inbound.polling import Polling

log = structlog.get_logger(__name__)

JOB = "polling"
LEASE = timedelta(seconds=12)
RENEW_SECONDS = 3.0


class LeaderElection:
    """Polls while this replica holds the lease."""

    def __init__(
        self,
        polling: Polling,
        jobs: Jobs,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._polling = polling
        self._jobs = jobs
        self._clock = clock
        self._sleep = sleep
        self._ours_until = float("-inf")
        self._known_until = float("-inf")
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Stand for election until stopped."""
        self._task = asyncio.create_task(self._run(), name="poller election")

    async def stop(self) -> None:
        """Stop polling and let another replica begin."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._polling.stop()
        try:
            await self._jobs.release(JOB)
        except StorageError as error:
            log.info("polling_lease_not_released", error=type(error).__name__)

    async def alive(self) -> bool:
        """Whether updates reach one of the replicas, as far as this one can know."""
        if self._polling.running:
            return await self._polling.alive()
        return self._clock() < self._known_until

    async def _run(self) -> None:
        while True:
            try:
                await self._stand()
            except Exception:
                log.exception("election_broke")
            await self._sleep(RENEW_SECONDS)

    async def _stand(self) -> None:
        asked_at = self._clock()
        try:
            ours = await self._jobs.hold(JOB, LEASE)
        except StorageError as error:
            # Ours for as long as no other replica can have it. What is polled in the meantime
            # cannot be stored either, and is not confirmed.
            log.warning("polling_lease_unknown", error=type(error).__name__)
            ours = self._clock() < self._ours_until
        else:
            self._known_until = asked_at + LEASE.total_seconds()
            if ours:
                self._ours_until = self._known_until
        if ours and not self._polling.running:
            log.info("polling_begins")
            await self._polling.start()
        elif not ours and self._polling.running:
            log.warning("polling_ends", reason="the lease is another replica's")
            await self._polling.stop()
