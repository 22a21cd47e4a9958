"""Hand-overs: a human of the operators writes to a person through the bot, the model is silent.

The person is told when a human begins and ends, and everything the human writes says so. The human
sees what the person writes from then on and nothing from before, and no name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from bot.locales import texts_for
from bot.safety import RiskLevel
from bot.safety.hotlines import emergency
from bot.safety.quoted import as_told
from bot.storage import StorageError
from bot.telegram.chat_ids import is_private
from bot.telegram.feature import Callback, Command, Feature, button_row, parse_id
from bot.telegram.outbound.failures import Closed, Expired, Undeliverable, Unreachable
from bot.telegram.outbound.operation import Priority
from bot.telegram.outbound.rendering import plain

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from telegram import InlineKeyboardMarkup

    from bot.locales import Language, Texts
    from bot.storage import Handover, Turn
    from bot.telegram.context import Context
    from bot.telegram.features.crisis.hotlines import HotlineList
    from bot.telegram.requests import CallbackRequest, CommandRequest

log = structlog.get_logger(__name__)

IDLE_HOURS = 12
"""After so long without a word of either, the person is given back to the model."""
LAST_WORDS_TRIES = 10
LAST_WORDS_PAUSE = 0.5


@dataclass(frozen=True, slots=True)
class PressedDeskButton:
    """An admin takes over (`take`) or gives back (`close`) a hand-over."""

    verb: str
    handover_id: int


class HandoffDesk(Feature):
    """Lets admins take over, and carries words between them and people.

    Args:
        context: what the features share; without a chat for alerts no human is on duty, and people
            are told so.
        hotlines: shown to people where no human is on duty.
        stop: stops the answer being made in a chat.
        on_due: told when an alert waits to be sent.
    """

    def __init__(
        self,
        context: Context,
        *,
        hotlines: HotlineList,
        stop: Callable[[int], Awaitable[bool]],
        on_due: Callable[[], None],
    ) -> None:
        self._outbox = context.outbox
        self._handovers = context.storage.handovers
        self._inbox = context.storage.inbox
        self._audit = context.storage.audit
        self._counters = context.storage.counters
        self._admins = context.options.admins
        self._admin_chat = context.options.admin_chat_id
        self._language_of = context.language_of
        self._sleep = context.sleep
        self._hotlines = hotlines
        self._stop = stop
        self._on_due = on_due
        self.commands = (
            Command(name="human", run=self._human, menu=lambda t: t.command_human),
            Command(name="close", run=self._close, menu=None),
        )
        self.callbacks = (Callback(prefix="desk", parse=_parse, run=self._press),)

    async def on_risk_detected(self, chat_id: int, user_id: int, level: RiskLevel) -> None:
        """Ask for a human, because a person may be in danger. In groups there is no hand-over."""
        if self._admin_chat is None or not is_private(chat_id) or level < RiskLevel.HIGH:
            return
        await self._handovers.open(user_id, int(level))
        self._on_due()

    async def ask_for_human(self, chat_id: int, user_id: int, language: Language) -> None:
        """Note that a person wants a human, and tell them that the people on duty know.

        Says nothing where no human is on duty: what was said before names who is there.
        """
        if self._admin_chat is None or not is_private(chat_id):
            return
        opened = await self._handovers.open(user_id, int(RiskLevel.NONE), asked=True)
        await self._counters.add("handover_asked")
        self._on_due()
        texts = texts_for(language)
        said = texts.desk_here_already if opened.state == "taken" else texts.desk_asked
        await self._outbox.send_text(chat_id, said)

    async def carry_to_admin(self, turn: Turn) -> bool:
        """Carry what a person wrote to the human who took over; False if the model is to answer.

        Raises:
            Expired: Telegram is out of reach; try again.
        """
        if self._admin_chat is None or not is_private(turn.chat_id):
            return False
        handover = await self._handovers.for_user(turn.user_id)
        if handover is None or handover.admin_id is None:
            return False
        if handover.admin_id not in self._admins:
            await self.release(handover, "no admin")
            return False
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
        if self._admin_chat is None or user_id not in self._admins or not is_private(chat_id):
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
        if self._admin_chat is None or user_id not in self._admins or not is_private(chat_id):
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

    async def end_unauthorised(self) -> None:
        """Take people back from those who are no admins any more, or from all if none is on duty.

        Raises StorageError.
        """
        for handover in await self._handovers.list_taken():
            if self._admin_chat is None:
                await self.end(handover, "no duty chat")
            elif handover.admin_id not in self._admins:
                await self.release(handover, "no admin")

    async def release_if_silent(self, handover: Handover) -> None:
        """Give back a person whom their human has left waiting."""
        texts = await self._texts(handover.user_id)
        await self.release(handover, "silent", texts.desk_human_silent)

    async def _human(self, request: CommandRequest) -> None:
        """Ask for a human; say honestly what comes of it."""
        texts = request.texts
        if not request.is_private:
            await self._outbox.send_text(request.chat_id, texts.desk_private)
            return
        if self._admin_chat is None:
            await self._outbox.send_text(request.chat_id, texts.desk_nobody)
            await self._hotlines.show(request.chat_id, request.user_id, request.language)
            return
        await self.ask_for_human(request.chat_id, request.user_id, request.language)

    async def _close(self, request: CommandRequest) -> None:
        """End the hand-over of the admin who asks."""
        handover = None
        if request.user_id in self._admins:
            handover = await self._handovers.for_admin(request.user_id)
        if handover is None:
            await self._outbox.send_text(request.chat_id, request.texts.desk_nothing_to_close)
            return
        await self._close_by_admin(handover, request.user_id)

    async def _press(self, request: CallbackRequest, pressed: PressedDeskButton) -> str | None:
        """Take over, or give back."""
        texts, admin, handover_id = request.texts, request.user_id, pressed.handover_id
        if admin not in self._admins:
            # What a stranger put into a button is theirs: a number can be somebody's telephone.
            await self._audit.record(admin, f"handover {pressed.verb}", "other", "refused")
            return texts.desk_admins_only
        if pressed.verb == "take":
            return await self._take(request, handover_id)
        handover = await self._handovers.get(handover_id)
        if handover is None or handover.admin_id != admin or handover.state != "taken":
            return texts.desk_gone
        await self._close_by_admin(handover, admin)
        return None

    async def _take(self, request: CallbackRequest, handover_id: int) -> str | None:
        texts, admin = request.texts, request.user_id
        held = await self._handovers.for_admin(admin)
        if held is not None and held.id != handover_id:
            return texts.desk_busy(handle=held.id)
        wanted = await self._handovers.get(handover_id)
        if wanted is not None and wanted.user_id == admin:
            return texts.desk_own
        handover = await self._handovers.take(handover_id, admin)
        if handover is None:
            await self._note(admin, "take", handover_id, "too late")
            return texts.desk_gone
        try:
            self._outbox.mark_reachable(admin)
            await self._say(
                admin,
                texts.desk_admin_took(handle=handover.id, hours=IDLE_HOURS),
                close_handover(texts, handover.id),
            )
        except (Unreachable, Undeliverable):
            await self._handovers.release(handover.id)
            return texts.desk_write_first
        await self._stop(handover.user_id)
        language = await self._language_of(handover.user_id)
        region = await self._hotlines.region(handover.user_id)
        try:
            await self._say(
                handover.user_id,
                texts_for(language).desk_person_taken(emergency=emergency(language, region)),
            )
        except (Unreachable, Undeliverable):
            await self.end(handover, "person unreachable")
            return None
        await self._note(admin, "take", handover.id, "done")
        await self._counters.add("handover_taken")
        taken = texts.desk_taken(handle=handover.id)
        await self._outbox.edit_text(request.chat_id, request.message_id, taken)
        return None

    async def _close_by_admin(self, handover: Handover, admin: int) -> None:
        # A command passes the queue; the words written just before it must still arrive.
        for _ in range(LAST_WORDS_TRIES):
            if not await self._inbox.list_pending(admin):
                break
            await self._sleep(LAST_WORDS_PAUSE)
        await self.end(handover, "done")

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


def take_over(texts: Texts, handover_id: int) -> InlineKeyboardMarkup:
    """Under an alert to the admins."""
    return button_row((texts.desk_button_take, f"desk:take:{handover_id}"))


def close_handover(texts: Texts, handover_id: int) -> InlineKeyboardMarkup:
    """Under the word to an admin that they have taken over."""
    return button_row((texts.desk_button_close, f"desk:close:{handover_id}"))


def _parse(arguments: Sequence[str]) -> PressedDeskButton:
    verb, handover_id = arguments
    if verb not in {"take", "close"}:
        raise ValueError(verb)
    return PressedDeskButton(verb, parse_id(handover_id))
