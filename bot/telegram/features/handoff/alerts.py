"""Calls the people on call: the alerts that are owed, to the next of them until one comes.

Nothing of it lives in a process: who is called and what is out is in the database, so a process
that dies leaves the rest to another.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog
from telegram.constants import ChatAction
from telegram.error import BadRequest, ChatMigrated, Forbidden, TelegramError

from bot.locales import language_for, texts_for
from bot.storage import Role, StorageError
from bot.telegram.client import call_at_start
from bot.telegram.features.handoff.alert_messages import (
    alert_text,
    can_be_taken,
    outdated_text,
    shows_of,
    take_over,
)
from bot.telegram.features.handoff.escalation import Escalation
from bot.telegram.outbound.failures import (
    Closed,
    Expired,
    Undeliverable,
    Unreachable,
    is_said_by_telegram,
)
from bot.telegram.outbound.operation import Priority

if TYPE_CHECKING:
    from bot.locales import Texts
    from bot.storage import Handover, OutdatedAlert, OwedAlert
    from bot.telegram.context import Context
    from bot.telegram.features.handoff.keeper import DeskKeeper

log = structlog.get_logger(__name__)

AT_ONCE = 64
TRY_AGAIN_AFTER = timedelta(minutes=15)
"""When a chat that did not take an alert is tried again."""


class OncallAlerts:
    """Sends alerts, has others called when nobody comes, and takes the buttons of old ones away."""

    def __init__(self, context: Context, *, keeper: DeskKeeper, wanted: asyncio.Event) -> None:
        """`wanted` is set when something may have to be sent; `keeper` sets it now and then."""
        self._client = context.client
        self._outbox = context.outbox
        self._alerts = context.storage.handover_alerts
        self._counters = context.storage.counters
        self._options = context.options
        self._access = context.access
        self._language_of = context.language_of
        self._now = context.now
        self._sleep = context.sleep
        self._keeper = keeper
        self._wanted = wanted
        self._escalation = Escalation(context.options, context.access)
        self._tasks: list[asyncio.Task[None]] = []
        self._sending: dict[int, asyncio.Task[None]] = {}
        self._chat_takes_alerts = True

    @property
    def held(self) -> list[int]:
        """The alerts being sent, whose claims have to be renewed."""
        return list(self._sending)

    async def is_oncall_chat_reachable(self) -> bool:
        """Whether the on-call chat took the last alert; True as long as none was due."""
        return self._chat_takes_alerts

    def start(self) -> None:
        """Begin with what was left behind: alerts, and people whose human is no admin any more."""
        self._tasks = [asyncio.create_task(self._keeper.run(), name="handoff desk")]
        if not self._options.has_oncall:
            return
        self._wanted.set()
        self._tasks.append(asyncio.create_task(self._run(), name="on-call alerts"))
        if self._options.admin_chat_id is not None:
            trying = self._try_oncall_chat(self._options.admin_chat_id)
            self._tasks.append(asyncio.create_task(trying, name="on-call chat"))

    async def stop(self) -> None:
        """End the loops; what waits stays in the database."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def aclose(self) -> None:
        """Wait for what is being sent; call it when the outbox is closed, which ends it all."""
        await asyncio.gather(*self._sending.values(), return_exceptions=True)

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
        except TelegramError as error:
            if not isinstance(error, (BadRequest, Forbidden)) or not is_said_by_telegram(error):
                log.warning("oncall_chat_not_tried", error=type(error).__name__)
                return
            self._chat_takes_alerts = False
            log.error(
                "oncall_chat_unreachable",
                error=type(error).__name__,
                fix="Telegram does not let the bot write to ADMIN_CHAT_ID; a group's id begins "
                "with a minus, and the bot has to be a member",
            )

    async def _run(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                await self._call()
                await self._bring_up_to_date()
            except StorageError as error:
                log.warning("oncall_alerts_not_read", error=type(error).__name__)
            except Exception:
                log.exception("oncall_alerts_broke")

    async def _call(self) -> None:
        """Decide who is called, then call whom a call is owed. Raises StorageError."""
        for handover in await self._alerts.list_due():
            recipients = self._escalation.first(handover, self._now())
            if await self._alerts.owe(handover, recipients.chats, everyone=recipients.everyone):
                await self._counters.add("handover_alert")
        for handover in await self._alerts.list_unacknowledged(self._options.acknowledge_within):
            await self._escalate(handover)
        for owed in await self._alerts.claim(AT_ONCE, exclude=self.held):
            task = asyncio.create_task(self._send(owed), name=f"alert {owed.id}")
            self._sending[owed.id] = task
            task.add_done_callback(partial(self._forget, owed.id))

    def _forget(self, alert_id: int, _task: asyncio.Task[None]) -> None:
        del self._sending[alert_id]

    async def _escalate(self, handover: Handover) -> None:
        if handover.alert_due:
            return  # it has become worse: the people on call are called anew
        called = await self._alerts.recipients(handover)
        recipients = self._escalation.following(handover, called, self._now())
        if await self._alerts.owe(handover, recipients.chats, everyone=recipients.everyone):
            log.info("handover_escalated", handover=handover.id, everyone=recipients.everyone)
            await self._counters.add("handover_escalated")
            self._wanted.set()

    async def _send(self, owed: OwedAlert) -> None:
        try:
            if owed.kind == "left":
                await self._tell_left(owed)
            else:
                await self._alert(owed)
        except StorageError as error:  # still owed, to whoever claims it next
            log.warning("oncall_alert_not_noted", alert=owed.id, error=type(error).__name__)
        except Exception:
            log.exception("oncall_alert_broke", alert=owed.id)

    async def _alert(self, owed: OwedAlert) -> None:
        texts, handover = await self._texts(owed.recipient), owed.handover
        rota = self._options.oncall_rota
        zone = rota.zone_of(owed.recipient) if rota is not None else None
        within = self._options.acknowledge_within
        text = alert_text(texts, owed, zone, within, has_rota=rota is not None)
        is_chat = owed.recipient == self._options.admin_chat_id
        if not is_chat and not self._chat_takes_alerts:
            text = f"{texts.desk_chat_unreachable}\n\n{text}"
        keyboard = take_over(texts, handover.id) if can_be_taken(handover) else None
        try:
            message_id = await self._outbox.send_text(
                owed.recipient, text, keyboard, priority=Priority.CRISIS
            )
        except Closed:
            return  # still owed; the next process sends it
        except (Unreachable, Undeliverable) as error:
            log.error("oncall_alert_undelivered", handover=handover.id, error=type(error).__name__)
            await self._call_others(owed, error)
            return
        if is_chat:
            self._chat_takes_alerts = True
        await self._alerts.mark_sent(owed.id, message_id, shows_of(handover))
        self._wanted.set()  # it may have been taken meanwhile

    async def _call_others(self, owed: OwedAlert, error: Exception) -> None:
        """Have the next one called, where Telegram did not take an alert."""
        handover = owed.handover
        self._outbox.mark_reachable(owed.recipient)
        if owed.recipient == self._options.admin_chat_id:
            self._chat_takes_alerts = False
            await self._alerts.postpone(owed.id, TRY_AGAIN_AFTER)
            if not handover.alert_due:
                others = self._access.list_with_role(Role.DUTY) - {handover.user_id}
                others -= await self._alerts.recipients(handover)
                await self._alerts.owe(handover, others, everyone=True)
                self._wanted.set()
            return
        if isinstance(error, Expired):
            await self._alerts.postpone(owed.id, TRY_AGAIN_AFTER)
        else:
            await self._alerts.mark_refused(owed.id)
        if owed.kind in {"first", "next"}:
            await self._escalate(handover)

    async def _tell_left(self, owed: OwedAlert) -> None:
        """Tell the human who had a person that this person wants no human."""
        told = (await self._texts(owed.recipient)).desk_admin_declined(handle=owed.handover.id)
        try:
            await self._outbox.send_text(owed.recipient, told, priority=Priority.FINAL)
        except (Expired, Closed):
            return  # still owed
        except (Unreachable, Undeliverable) as error:
            log.info("hand_over_end_not_told", error=type(error).__name__)
        await self._alerts.drop(owed.id)

    async def _bring_up_to_date(self) -> None:
        """Let no alert offer what can no longer be done. Raises StorageError."""
        for outdated in await self._alerts.list_outdated():
            await self._change(outdated)
            await self._alerts.mark_shows(outdated)

    async def _change(self, outdated: OutdatedAlert) -> None:
        texts = await self._texts(outdated.recipient)
        text = outdated_text(texts, outdated.handover_id, outdated.now)
        try:
            await self._outbox.edit_text(outdated.recipient, outdated.message_id, text)
        except (Unreachable, Undeliverable) as error:
            # Too old or deleted: a press on its button is answered by what is so.
            log.info("old_alert_stays", error=type(error).__name__)

    async def _texts(self, recipient: int) -> Texts:
        """In the language of an admin; of the chat, of which none is known, in the bot's own."""
        if recipient == self._options.admin_chat_id:
            return texts_for(language_for(None))
        return texts_for(await self._language_of(recipient))
