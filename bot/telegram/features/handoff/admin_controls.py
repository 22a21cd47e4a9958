"""What admins do with hand-overs: take over, close, pass on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.locales import texts_for
from bot.safety import RiskLevel, emergency
from bot.storage import Role, StorageError
from bot.telegram.feature import Callback, Command, Feature, button_row, button_rows, parse_id
from bot.telegram.features.handoff.alert_messages import level_name
from bot.telegram.features.handoff.desk import IDLE_HOURS
from bot.telegram.features.handoff.note import handover_note
from bot.telegram.outbound.failures import Undeliverable, Unreachable
from bot.telegram.outbound.operation import Priority

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from telegram import InlineKeyboardMarkup

    from bot.locales import Texts
    from bot.storage import Handover
    from bot.telegram.context import Context
    from bot.telegram.features.crisis.hotlines import HotlineList
    from bot.telegram.features.handoff.desk import HandoffDesk
    from bot.telegram.requests import CallbackRequest, CommandRequest

log = structlog.get_logger(__name__)

DANGEROUS_FOR = timedelta(hours=1)
"""How long after words of danger an admin is asked whether they really want to leave."""
LAST_WORDS_TRIES = 10
LAST_WORDS_PAUSE = 0.5

_VERBS = frozenset({"take", "close", "end", "stay", "pass"})


@dataclass(frozen=True, slots=True)
class PressedDeskButton:
    """What an admin does with a hand-over: `close` asks first where it may be too early."""

    verb: str
    handover_id: int


class DeskControls(Feature):
    """The commands and buttons of admins; each step asks again who is one, and is written down.

    Args:
        context: what the features share.
        desk: carries words, and ends it.
        hotlines: knows where a person is.
        stop: stops the answer being made in a chat.
        on_due: told when alerts have to change.
    """

    def __init__(
        self,
        context: Context,
        *,
        desk: HandoffDesk,
        hotlines: HotlineList,
        stop: Callable[[int], Awaitable[bool]],
        on_due: Callable[[], None],
    ) -> None:
        self._context = context
        self._outbox = context.outbox
        self._handovers = context.storage.handovers
        self._risk = context.storage.risk
        self._inbox = context.storage.inbox
        self._audit = context.storage.audit
        self._counters = context.storage.counters
        self._access = context.access
        self._rota = context.options.oncall_rota
        self._desk = desk
        self._hotlines = hotlines
        self._stop = stop
        self._on_due = on_due
        self.commands = (
            Command(name="close", run=self._close_by_command, menu=None, role=Role.DUTY),
            Command(name="pass", run=self._pass_by_command, menu=None, role=Role.DUTY),
        )
        self.callbacks = (Callback(prefix="desk", parse=_parse, run=self._press),)

    async def _close_by_command(self, request: CommandRequest) -> None:
        handover = await self._held(request)
        if handover is not None:
            await self._close(handover, request.user_id, request.texts)

    async def _pass_by_command(self, request: CommandRequest) -> None:
        handover = await self._held(request)
        if handover is not None:
            await self._let_last_words_arrive(request.user_id)
            await self._desk.pass_on(handover)

    async def _held(self, request: CommandRequest) -> Handover | None:
        """The hand-over of the admin who asks; they are told where there is none."""
        handover = None
        if self._access.has_role(request.user_id, Role.DUTY):
            handover = await self._handovers.for_admin(request.user_id)
        if handover is None:
            await self._outbox.send_text(request.chat_id, request.texts.desk_nothing_to_close)
        return handover

    async def _press(self, request: CallbackRequest, pressed: PressedDeskButton) -> str | None:
        texts, admin = request.texts, request.user_id
        if not self._access.has_role(admin, Role.DUTY):
            # What a stranger put into a button is theirs: a number can be somebody's telephone.
            await self._audit.record(admin, f"handover {pressed.verb}", "other", "refused")
            return texts.desk_admins_only
        if pressed.verb == "take":
            return await self._take(request, pressed.handover_id)
        handover = await self._handovers.get(pressed.handover_id)
        if handover is None or handover.admin_id != admin or handover.state != "taken":
            return texts.desk_gone
        if pressed.verb == "close":
            await self._close(handover, admin, texts)
        elif pressed.verb == "stay":
            stays = texts.desk_admin_stays(handle=handover.id)
            await self._outbox.edit_text(request.chat_id, request.message_id, stays)
        else:
            await self._let_last_words_arrive(admin)
            if pressed.verb == "pass":
                await self._desk.pass_on(handover)
            else:
                await self._desk.end(handover, "done")
            await self._outbox.edit_keyboard(request.chat_id, request.message_id, None)
        return None

    async def _close(self, handover: Handover, admin: int, texts: Texts) -> None:
        """End a hand-over, or ask once more where the person was in danger just now."""
        await self._let_last_words_arrive(admin)
        since = self._context.now() - DANGEROUS_FOR
        level = await self._risk.highest_since(handover.user_id, since)
        if level is None or level < RiskLevel.HIGH:
            await self._desk.end(handover, "done")
            return
        question = texts.desk_close_ask(level=level_name(texts, level))
        await self._say(admin, question, ask_close(texts, handover.id))

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
            took = texts.desk_admin_took(handle=handover.id, hours=IDLE_HOURS)
            note = await self._note_of_the_last(handover, request)
            keyboard = close_handover(texts, handover.id)
            await self._say(admin, "\n\n".join(filter(None, (took, note))), keyboard)
        except (Unreachable, Undeliverable):
            await self._handovers.release(handover.id)
            self._on_due()
            return texts.desk_write_first
        await self._stop(handover.user_id)
        told = await self._words_for_person(handover)
        now = await self._handovers.for_user(handover.user_id)
        if now is None or now.admin_id != admin:  # they have said meanwhile that they want none
            await self._note(admin, "take", handover_id, "too late")
            return texts.desk_gone
        try:
            await self._say(handover.user_id, *told)
        except (Unreachable, Undeliverable):
            await self._desk.end(handover, "person unreachable")
            return None
        await self._handovers.note_human_came(handover.id)
        await self._note(admin, "take", handover.id, "done")
        await self._counters.add("handover_taken")
        taken = texts.desk_taken(handle=handover.id)
        await self._outbox.edit_text(request.chat_id, request.message_id, taken)
        self._on_due()
        return None

    async def _words_for_person(self, handover: Handover) -> tuple[str, InlineKeyboardMarkup]:
        """What tells a person that a human is here now, and how to be rid of them."""
        user_id = handover.user_id
        language = await self._context.language_of(user_id)
        region = await self._hotlines.region(user_id)
        texts = texts_for(language)
        told = texts.desk_person_taken(emergency=emergency(language, region))
        return told, without_human(texts, user_id)

    async def _note_of_the_last(self, handover: Handover, request: CallbackRequest) -> str | None:
        """What the human before has left; None where there was none."""
        if handover.first_taken_at is None:
            return None
        zone = self._rota.zone_of(request.user_id) if self._rota is not None else None
        try:
            return await handover_note(
                self._context, handover, request.texts, request.language, zone
            )
        except StorageError as error:  # a human counts more than what they know
            log.warning("handover_note_not_read", error=type(error).__name__)
            return None

    async def _let_last_words_arrive(self, admin: int) -> None:
        """A command passes the queue; the words written just before it must still arrive."""
        for _ in range(LAST_WORDS_TRIES):
            if not await self._inbox.list_pending(admin):
                break
            await self._context.sleep(LAST_WORDS_PAUSE)

    async def _note(self, admin: int, verb: str, handover_id: int, outcome: str) -> None:
        await self._audit.record(admin, f"handover {verb}", f"#{handover_id}", outcome)

    async def _say(self, chat_id: int, text: str, keyboard: InlineKeyboardMarkup) -> None:
        await self._outbox.send_text(chat_id, text, keyboard, priority=Priority.FINAL)


def close_handover(texts: Texts, handover_id: int) -> InlineKeyboardMarkup:
    """Under the word to an admin that they have taken over."""
    return button_row((texts.desk_button_close, f"desk:close:{handover_id}"))


def ask_close(texts: Texts, handover_id: int) -> InlineKeyboardMarkup:
    """Under the question to an admin whether to leave a person who was in danger just now."""
    return button_rows(
        [
            [(texts.desk_button_stay, f"desk:stay:{handover_id}")],
            [(texts.desk_button_pass, f"desk:pass:{handover_id}")],
            [(texts.desk_button_end, f"desk:end:{handover_id}")],
        ]
    )


def without_human(texts: Texts, user_id: int) -> InlineKeyboardMarkup:
    """Under the word to a person that a human is here now."""
    return button_row((texts.desk_button_without, f"human:off:{user_id}"))


def _parse(arguments: Sequence[str]) -> PressedDeskButton:
    verb, handover_id = arguments
    if verb not in _VERBS:
        raise ValueError(verb)
    return PressedDeskButton(verb, parse_id(handover_id))
