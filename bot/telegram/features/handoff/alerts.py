"""What goes on behind the hand-off desk: alerts, a word to those who wait, ends of the idle."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog
from telegram.constants import ChatAction
from telegram.error import BadRequest, ChatMigrated, Forbidden, TelegramError

from bot.locales import language_for, texts_for
from bot.safety import RiskLevel
from bot.storage import StorageError
from bot.telegram.client import call_at_start
from bot.telegram.features.handoff.desk import IDLE_HOURS, take_over
from bot.telegram.outbound.failures import Closed, Undeliverable, Unreachable
from bot.telegram.outbound.operation import Priority

if TYPE_CHECKING:
    from telegram import InlineKeyboardMarkup

    from bot.storage import Handover
    from bot.telegram.context import Context
    from bot.telegram.features.handoff.desk import HandoffDesk

log = structlog.get_logger(__name__)

LOOK_EVERY = timedelta(seconds=30)
TELL_AFTER = timedelta(minutes=10)
"""A person is told after so long that no human has come, or that theirs has gone silent."""
IDLE = timedelta(hours=IDLE_HOURS)


class OncallAlerts:
    """One loop; an alert waits in the database, so a process that dies leaves it to another."""

    def __init__(
        self,
        context: Context,
        *,
        desk: HandoffDesk,
        wanted: asyncio.Event,
    ) -> None:
        """`wanted` is set when an alert waits to be sent."""
        self._client = context.client
        self._outbox = context.outbox
        self._handovers = context.storage.handovers
        self._jobs = context.storage.jobs
        self._counters = context.storage.counters
        self._admin_chat = context.options.admin_chat_id
        self._admins = context.options.admins
        self._language_of = context.language_of
        self._sleep = context.sleep
        self._desk = desk
        self._wanted = wanted
        self._tasks: list[asyncio.Task[None]] = []
        self._told_privately: set[int] = set()
        """Hand-overs whose alert went to the admins themselves, by this process."""
        self._chat_takes_alerts = True

    async def is_oncall_chat_reachable(self) -> bool:
        """Whether the on-call chat took the last alert; True as long as none was due."""
        return self._chat_takes_alerts

    def start(self) -> None:
        """Begin with what was left behind: alerts, and people whose human is no admin any more."""
        if self._admin_chat is None:
            self._tasks = [asyncio.create_task(self._close_desk(), name="handoff desk")]
            return
        self._wanted.set()
        self._tasks = [
            asyncio.create_task(self._try_oncall_chat(self._admin_chat), name="duty chat"),
            asyncio.create_task(self._send_alerts(self._admin_chat), name="on-call alerts"),
            asyncio.create_task(self._look_after(), name="handoff desk"),
        ]

    async def stop(self) -> None:
        """End the loops; what waits stays in the database."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _try_oncall_chat(self, admin_chat: int) -> None:
        """Find out at start whether alerts will arrive, not when a person is in danger.

        "typing" is refused wherever a message would be, and no person reads it.
        """
        try:
            await call_at_start(
                partial(self._client.send_chat_action, admin_chat, ChatAction.TYPING),
                self._sleep,
            )
        except ChatMigrated as error:
            fix = f"the group is a supergroup now; set ADMIN_CHAT_ID={error.new_chat_id}"
            log.warning("oncall_chat_migrated", fix=fix)
        except (BadRequest, Forbidden) as error:
            self._chat_takes_alerts = False
            log.error(
                "oncall_chat_unreachable",
                error=type(error).__name__,
                fix="Telegram does not let the bot write to ADMIN_CHAT_ID; a group's id begins "
                "with a minus, and the bot has to be a member",
            )
        except TelegramError as error:
            log.warning("oncall_chat_not_tried", error=type(error).__name__)

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
            self._wanted.set()  # an alert whose sender died, or that Telegram did not take

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
        button = take_over(texts, handover.id) if handover.state == "open" else None
        try:
            await self._outbox.send_text(admin_chat, text, button, priority=Priority.CRISIS)
        except Closed:
            return  # still owed; the next process sends it
        except (Unreachable, Undeliverable) as error:
            # Tried again when the claim has run out.
            log.error("oncall_alert_undelivered", handover=handover.id, error=type(error).__name__)
            self._chat_takes_alerts = False
            self._outbox.mark_reachable(admin_chat)
            await self._tell_admins(handover, f"{texts.desk_chat_unreachable}\n\n{text}", button)
            return
        self._chat_takes_alerts = True
        self._told_privately.discard(handover.id)
        await self._handovers.mark_alerted(handover.id)
        await self._counters.add("handover_alert")

    async def _tell_admins(
        self, handover: Handover, text: str, button: InlineKeyboardMarkup | None
    ) -> None:
        """Send an alert to each admin in private, once a hand-over, as the on-call chat is gone."""
        if handover.id in self._told_privately:
            return
        told = await asyncio.gather(
            *(
                self._outbox.send_text(admin, text, button, priority=Priority.CRISIS)
                for admin in sorted(self._admins)
            ),
            return_exceptions=True,
        )
        if any(isinstance(one, int) for one in told):
            self._told_privately.add(handover.id)
        else:
            log.error("oncall_alert_reached_no_admin", handover=handover.id)

    async def _say_no_human_came(self, handover: Handover) -> None:
        texts = texts_for(await self._language_of(handover.user_id))
        with suppress(Unreachable, Undeliverable):
            await self._outbox.send_text(handover.user_id, texts.desk_unanswered)
        await self._handovers.mark_told_nobody(handover.id)
        await self._counters.add("handover_unanswered")
