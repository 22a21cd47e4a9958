"""Hand-overs: a human of the operators writes to a person through the bot, the model is silent.

The person is told when a human begins and ends, and everything the human writes says so. The human
sees what the person writes from then on and nothing from before, and no name. The person can end it
at any moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from bot.locales import texts_for
from bot.safety import RiskLevel
from bot.safety.quoted import as_told
from bot.storage import Role, StorageError
from bot.telegram.chat_ids import is_private
from bot.telegram.feature import button_row
from bot.telegram.features.handoff.without_human import wants_no_human
from bot.telegram.outbound.failures import Closed, Expired, Undeliverable, Unreachable
from bot.telegram.outbound.operation import Priority
from bot.telegram.outbound.rendering import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from telegram import InlineKeyboardMarkup

    from bot.locales import Language, Texts
    from bot.storage import Handover, Turn
    from bot.telegram.context import Context

log = structlog.get_logger(__name__)

IDLE_HOURS = 12
"""After so long without a word of either, the person is given back to the model."""


class HandoffDesk:
    """Carries words between people and the admins who took them over, and ends it.

    Args:
        context: what the features share; without anybody on call people are told so.
        on_due: told when an alert waits to be sent.
    """

    def __init__(self, context: Context, *, on_due: Callable[[], None]) -> None:
        self._outbox = context.outbox
        self._handovers = context.storage.handovers
        self._audit = context.storage.audit
        self._counters = context.storage.counters
        self._access = context.access
        self._has_oncall = context.options.has_oncall
        self._language_of = context.language_of
        self._on_due = on_due

    async def on_risk_detected(self, chat_id: int, user_id: int, level: RiskLevel) -> None:
        """Ask for a human, because a person may be in danger. In groups there is no hand-over."""
        if not self._has_oncall or not is_private(chat_id) or level < RiskLevel.HIGH:
            return
        await self._handovers.open(user_id, int(level))
        self._on_due()

    async def ask_for_human(
        self,
        chat_id: int,
        user_id: int,
        language: Language,
        level: RiskLevel = RiskLevel.NONE,
    ) -> None:
        """Note that a person wants a human, and tell them that the people on call know.

        Says nothing where nobody is on call: what was said before names who is there.
        """
        if not self._has_oncall or not is_private(chat_id):
            return
        opened = await self._handovers.open(user_id, int(level), asked=True)
        await self._counters.add("handover_asked")
        self._on_due()
        texts = texts_for(language)
        if opened.state == "taken":
            await self._outbox.send_text(chat_id, texts.desk_here_already)
            return
        keyboard = cancel_call(texts, user_id)
        await self._outbox.send_text(chat_id, texts.desk_asked, keyboard)

    async def decline(self, user_id: int, language: Language) -> None:
        """Give a person back to the AI at once, because they want no human, and say so."""
        ended = await self._handovers.decline(user_id)
        texts = texts_for(language)
        if ended is None:
            await self._say(user_id, texts.desk_nobody_here)
            return
        self._on_due()
        await self._note(ended.admin_id or 0, "decline", ended.id, "by the person")
        await self._counters.add("handover_declined")
        was_there = ended.state == "taken"
        told = texts.desk_person_declined if was_there else texts.desk_person_not_called
        await self._say(user_id, told)

    async def carry_to_admin(self, turn: Turn) -> bool:
        """Carry what a person wrote to the human who took over; False if the model is to answer.

        Raises:
            Expired: Telegram is out of reach; try again.
        """
        if not self._has_oncall or not is_private(turn.chat_id):
            return False
        handover = await self._handovers.for_user(turn.user_id)
        if handover is None or handover.admin_id is None:
            return False
        if not self._takes_over(handover.admin_id):
            await self.release(handover, "no admin")
            return False
        if wants_no_human(as_told(turn.user_text)):
            language = await self._language_of(turn.user_id)
            await self.decline(turn.user_id, language)
            return True
        try:
            parts = plain(f"💬 #{handover.id}\n{as_told(turn.user_text)}")
            await self._outbox.send_parts(handover.admin_id, parts, priority=Priority.FINAL)
        except (Expired, Closed):
            raise
        except (Unreachable, Undeliverable):
            await self.release(handover, "admin unreachable")
            return False
        await self._handovers.note_person_wrote(handover.id)
        return True

    async def carry_to_person(self, chat_id: int, user_id: int, text: str) -> bool:
        """Carry what an admin wrote in private to their person; False if it is for the model."""
        if not self._has_oncall or not self._takes_over(user_id) or not is_private(chat_id):
            return False
        handover = await self._handovers.for_admin(user_id)
        if handover is None:
            return False
        await self._handovers.record_message(handover, text)
        mark = (await self._texts(handover.user_id)).desk_human
        try:
            parts = plain(f"{mark}\n{text}")
            await self._outbox.send_parts(handover.user_id, parts, priority=Priority.FINAL)
        except (Expired, Closed):
            raise
        except (Unreachable, Undeliverable):
            await self.end(handover, "person unreachable")
        return True

    async def is_handed_over(self, chat_id: int, user_id: int) -> bool:
        """Whether what an admin writes here goes to a person they took over, not to the model."""
        if not self._has_oncall or not self._takes_over(user_id) or not is_private(chat_id):
            return False
        try:
            return await self._handovers.for_admin(user_id) is not None
        except StorageError:
            return False

    async def end_for_erasure(self, user_id: int) -> None:
        """Tell the admin who writes with a person that this person deletes everything now."""
        handover = await self._handovers.for_user(user_id)
        if handover is not None:
            await self.end(handover, "erased")

    async def end(self, handover: Handover, reason: str) -> None:
        """Give a person back to the model and tell both; who cannot be reached is not told."""
        await self._tell(handover.user_id, (await self._texts(handover.user_id)).desk_person_closed)
        if handover.admin_id is not None:
            texts = await self._texts(handover.admin_id)
            await self._tell(handover.admin_id, texts.desk_admin_closed(handle=handover.id))
            await self._note(handover.admin_id, "close", handover.id, reason)
        await self._handovers.close(handover.id)
        self._on_due()

    async def release(self, handover: Handover, reason: str, told: str | None = None) -> None:
        """Give a person back to the model because their human is gone, and call another one.

        `told` is what the person reads; None: that the human has left.
        """
        texts = await self._texts(handover.user_id)
        await self._tell(handover.user_id, told or texts.desk_person_closed)
        if not await self._handovers.reopen(handover):
            return
        self._on_due()
        if handover.admin_id is not None:
            admin_texts = await self._texts(handover.admin_id)
            await self._tell(handover.admin_id, admin_texts.desk_admin_released(handle=handover.id))
            await self._note(handover.admin_id, "release", handover.id, reason)
        await self._counters.add("handover_released")

    async def pass_on(self, handover: Handover) -> None:
        """Give a person from their human to the next one; the model answers until one comes."""
        texts = await self._texts(handover.user_id)
        await self._tell(handover.user_id, texts.desk_person_passed)
        if not await self._handovers.reopen(handover, promised=True):
            return
        self._on_due()
        if handover.admin_id is not None:
            admin_texts = await self._texts(handover.admin_id)
            await self._tell(handover.admin_id, admin_texts.desk_admin_passed(handle=handover.id))
            await self._note(handover.admin_id, "pass", handover.id, "done")
        await self._counters.add("handover_passed")

    async def end_unauthorised(self) -> None:
        """Take people back from those who are no admins any more, or from all if none is on duty.

        Raises StorageError.
        """
        for handover in await self._handovers.list_taken():
            if not self._has_oncall:
                await self.end(handover, "no duty chat")
            elif not self._takes_over(handover.admin_id):
                await self.release(handover, "no admin")

    async def release_if_silent(self, handover: Handover) -> None:
        """Give back a person whom their human has left waiting."""
        texts = await self._texts(handover.user_id)
        await self.release(handover, "silent", texts.desk_human_silent)

    def _takes_over(self, user_id: int | None) -> bool:
        """Whether somebody may take people over."""
        return user_id is not None and self._access.has_role(user_id, Role.DUTY)

    async def _note(self, admin: int, verb: str, handover_id: int, outcome: str) -> None:
        await self._audit.record(admin, f"handover {verb}", f"#{handover_id}", outcome)

    async def _texts(self, user_id: int) -> Texts:
        return texts_for(await self._language_of(user_id))

    async def _say(
        self, chat_id: int, text: str, keyboard: InlineKeyboardMarkup | None = None
    ) -> None:
        await self._outbox.send_text(chat_id, text, keyboard, priority=Priority.FINAL)

    async def _tell(self, chat_id: int, text: str) -> None:
        try:
            await self._say(chat_id, text)
        except (Unreachable, Undeliverable) as error:
            log.info("hand_over_end_not_told", error=type(error).__name__)


def cancel_call(texts: Texts, user_id: int) -> InlineKeyboardMarkup:
    """Under the word that the people on call are called."""
    return button_row((texts.desk_button_cancel, f"human:off:{user_id}"))
