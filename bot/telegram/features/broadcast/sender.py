"""Sends what is to be said to everybody, one person after the other, in one process at a time."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from bot.locales.operators import operator_texts_for
from bot.storage import StorageError
from bot.telegram.features.broadcast.words import broadcast_words
from bot.telegram.outbound.failures import Closed, Expired, Undeliverable, Unreachable
from bot.telegram.outbound.rendering import plain

if TYPE_CHECKING:
    from bot.storage import Broadcast, DeliveryState
    from bot.telegram.context import Context
    from bot.telegram.features.crisis.hotlines import HotlineList

log = structlog.get_logger(__name__)

JOB: Final = "broadcast"
LEASE: Final = timedelta(seconds=15)
RENEW_EVERY: Final = 5.0
IDLE: Final = 60.0
"""Seconds until it is looked again whether those who were in danger still are."""
PAUSE: Final = 0.1
"""Seconds between two people, so that answers keep most of what Telegram takes in a second."""


class BroadcastSender:
    """Goes on with what runs, also after a crash.

    Args:
        context: what the features share.
        hotlines: knows where a person is.
    """

    def __init__(self, context: Context, *, hotlines: HotlineList) -> None:
        self._context = context
        self._broadcasts = context.storage.broadcasts
        self._jobs = context.storage.jobs
        self._users = context.storage.users
        self._hotlines = hotlines
        self._task: asyncio.Task[None] | None = None
        self._is_open = True
        self._idle_until = float("-inf")

    async def look(self) -> None:
        """Begin to send if something is to be sent and nothing is. Raises StorageError."""
        is_sending = self._task is not None and not self._task.done()
        if not self._is_open or is_sending or self._context.clock() < self._idle_until:
            return
        if await self._broadcasts.running() is None:
            return
        if await self._jobs.hold(JOB, LEASE):
            self._task = asyncio.create_task(self._run(), name="broadcast")

    async def aclose(self) -> None:
        """Let the message that is on its way arrive, and send no other."""
        self._is_open = False
        if self._task is not None:
            await asyncio.wait((self._task,))

    async def _run(self) -> None:
        try:
            await self._broadcasts.give_up_unsure()  # the process before this one died
            while self._is_open and (broadcast := await self._broadcasts.running()) is not None:
                if not await self._send_all(broadcast):
                    return
        except StorageError as error:
            log.warning("broadcast_paused", error=type(error).__name__)
        except Exception:
            log.exception("broadcast_broke")
        finally:
            try:
                await self._jobs.release(JOB)
            except StorageError as error:
                log.info("job_not_released", error=type(error).__name__)

    async def _send_all(self, broadcast: Broadcast) -> bool:
        """Send to all who are left; False where somebody has to wait, or another process goes on.

        Raises StorageError.
        """
        renewed_at = self._context.clock()
        is_idle = True
        while self._is_open:
            if self._context.clock() - renewed_at >= RENEW_EVERY:
                if not await self._jobs.hold(JOB, LEASE):
                    return False
                renewed_at = self._context.clock()
            person = await self._broadcasts.claim(broadcast.id)
            if person is None:
                break
            is_idle = False
            outcome = await self._send(broadcast, person)
            await self._broadcasts.settle(broadcast.id, person, outcome)
            if outcome == "owed":  # Telegram is out of reach: the next sweep tries again
                return False
            await self._context.sleep(PAUSE)
        if not await self._broadcasts.finish(broadcast.id):  # paused, or some are in danger
            if is_idle:
                self._idle_until = self._context.clock() + IDLE
            return False
        await self._report(broadcast.id)
        return True

    async def _send(self, broadcast: Broadcast, person: int) -> DeliveryState:
        language = await self._context.language_of(person)
        region = await self._hotlines.region(person)
        text = broadcast_words(broadcast, language, region, self._context.now())
        if text is None:
            return "refused"
        try:
            await self._context.outbox.send_parts(person, plain(text))
        except Unreachable:
            await self._users.mark_unreachable(person)
            return "gone"
        except (Expired, Closed):
            return "owed"
        except Undeliverable as error:
            log.warning("broadcast_refused", error=type(error).__name__)
            return "refused"
        return "sent"

    async def _report(self, broadcast_id: int) -> None:
        """Tell the admin who made it what has become of it."""
        found = await self._broadcasts.get(broadcast_id)
        if found is None:
            return
        log.info("broadcast_done", broadcast=found.id, **found.reached)
        texts = operator_texts_for(await self._context.language_of(found.made_by))
        text = texts.cast_report(number=found.id, **counts_of(found))
        try:
            await self._context.outbox.send_parts(found.made_by, plain(text))
        except (Unreachable, Undeliverable) as error:
            log.info("not_said", error=type(error).__name__)


def counts_of(broadcast: Broadcast) -> dict[str, int]:
    """How far a broadcast has come, as its report names it."""
    reached = broadcast.reached
    return {
        "sent": reached.get("sent", 0),
        "left": reached.get("owed", 0) + reached.get("sending", 0),
        "gone": reached.get("gone", 0),
        "refused": reached.get("refused", 0),
        "unsure": reached.get("unsure", 0),
        "in_danger": reached.get("in_danger", 0),
    }
