"""What each button does.

What changes somebody's data is done only for the one who was asked: others in a group see the same
buttons. Stopping an answer and asking for another one is open to the whole group, as speaking is.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.storage import StorageError
from bot.telegram.outbound.rendering import render

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.storage import Audit, Conversations, HistoryCache, Turns, Users
    from bot.telegram.features.contact import ContactBook
    from bot.telegram.features.crisis.buttons import CrisisButtons
    from bot.telegram.features.disclosure import DisclosureService
    from bot.telegram.features.feedback import Ratings
    from bot.telegram.features.handoff.desk import HandoffDesk
    from bot.telegram.outbound.outbox import Outbox
    from bot.telegram.requests import CallbackRequest
    from bot.telegram.turns.runner import TurnRunner

ADMIN_QUESTION_LASTS = timedelta(minutes=10)


class Buttons:
    """The buttons by action. Each press is answered, so that the button stops spinning."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        answering: TurnRunner,
        conversations: Conversations,
        turns: Turns,
        users: Users,
        recent: HistoryCache,
        audit: Audit,
        disclosing: DisclosureService,
        crisis: CrisisButtons,
        desk: HandoffDesk,
        contacts: ContactBook,
        ratings: Ratings,
        admins: frozenset[int],
        wake: Callable[[int], None],
        now: Callable[[], datetime],
    ) -> None:
        self._outbox = outbox
        self._answering = answering
        self._conversations = conversations
        self._turns = turns
        self._users = users
        self._recent = recent
        self._audit = audit
        self._disclosing = disclosing
        self._crisis = crisis
        self._desk = desk
        self._contacts = contacts
        self._ratings = ratings
        self._admins = admins
        self._wake = wake
        self._now = now

    async def run(self, pressed: CallbackRequest) -> None:
        """Do what a button asks for; data that no button of ours has does nothing."""
        try:
            toast = await self._toast(pressed)
        except ValueError:
            toast = pressed.texts.button_expired
        await self._outbox.answer_callback(pressed.query_id, toast)

    async def _toast(self, pressed: CallbackRequest) -> str | None:
        """Act, and return what is to be shown for a moment, if anything."""
        match pressed.press.action, pressed.press.arguments:
            case "risk", _:
                return await self._crisis.toast(pressed)
            case "stop", (turn_id,):
                return await self._stop(pressed, _id(turn_id))
            case "redo", (turn_id,):
                return await self._redo(pressed, _id(turn_id))
            case "rate", (("up" | "down" | "undo") as what, turn_id):
                return await self._ratings.press(pressed, what, _id(turn_id))
            case "reset", (answer, asker):
                return await self._reset(pressed, answer == "yes", _id(asker))
            case "erase", (answer, asker):
                return await self._erase(pressed, answer == "yes", _id(asker))
            case ("age" | "guardian" | "contact" | "train") as what, (answer, asker):
                return await self._about_oneself(pressed, what, answer, _id(asker))
            case "desk", (("take" | "close") as verb, handover):
                return await self._desk.press(pressed, verb, _id(handover))
            case "admin_reset", (answer, admin, target):
                return await self._admin_reset(pressed, answer == "yes", _id(admin), target)
            case _:
                return pressed.texts.button_expired

    async def _stop(self, pressed: CallbackRequest, turn_id: int) -> str | None:
        try:
            stopped = await self._answering.stop(pressed.chat_id, turn_id)
        except StorageError:
            return pressed.texts.stop_unsure
        return None if stopped else pressed.texts.nothing_to_stop

    async def _about_oneself(
        self, pressed: CallbackRequest, what: str, answer: str, asker: int
    ) -> str | None:
        if pressed.user_id != asker:
            return pressed.texts.button_expired
        if what == "age":
            return await self._disclosing.press_age(pressed, answer)
        if what == "guardian":
            return await self._disclosing.press_guardian(pressed, answer)
        if what == "train":
            return await self._ratings.press_training(pressed, answer)
        await self._contacts.press_delete(pressed)
        return None

    async def _redo(self, pressed: CallbackRequest, turn_id: int) -> str | None:
        turn = await self._turns.get(turn_id)
        mine = turn is not None and turn.chat_id == pressed.chat_id
        if not mine or await self._turns.reopen(turn_id) is None:
            return pressed.texts.redo_not_last
        self._wake(pressed.chat_id)
        return None

    async def _reset(self, pressed: CallbackRequest, confirmed: bool, asker: int) -> str | None:
        texts = pressed.texts
        if pressed.user_id != asker:
            return texts.button_expired
        if not confirmed:
            await self._replace(pressed, texts.reset_kept)
            return None
        await self._answering.stop(pressed.chat_id)
        forgotten = await self._conversations.reset(pressed.chat_id)
        await self._recent.forget(pressed.chat_id)
        await self._replace(pressed, texts.reset_done if forgotten else texts.reset_nothing)
        return None

    async def _erase(self, pressed: CallbackRequest, confirmed: bool, asker: int) -> str | None:
        texts = pressed.texts
        if pressed.user_id != asker:
            return texts.button_expired
        if not confirmed:
            await self._replace(pressed, texts.erase_kept)
            return None
        await self._answering.stop(asker)
        await self._desk.end_for_erasure(asker)
        await self._users.erase(asker)
        self._crisis.forget(asker)
        await self._recent.forget(asker)
        await self._replace(pressed, texts.erase_done)
        return None

    async def _admin_reset(
        self, pressed: CallbackRequest, confirmed: bool, admin: int, target: str
    ) -> str | None:
        texts = pressed.texts
        fresh = self._now() - pressed.message_date < ADMIN_QUESTION_LASTS
        if pressed.user_id != admin or admin not in self._admins or not fresh:
            await self._audit.record(pressed.user_id, "reset", target, "refused")
            return texts.admin_expired
        if not confirmed:
            await self._audit.record(admin, "reset", target, "cancelled")
            await self._replace(pressed, texts.admin_cancelled)
            return None
        if target == "all":
            count = await self._conversations.reset_all()
            said = texts.admin_reset_done_all(count=count)
        else:
            chat_id = _id(target)
            await self._answering.stop(chat_id)
            await self._conversations.reset(chat_id)
            await self._recent.forget(chat_id)
            said = texts.admin_reset_done_user(user=target)
        await self._audit.record(admin, "reset", target, "done")
        await self._replace(pressed, said)
        return None

    async def _replace(self, pressed: CallbackRequest, text: str) -> None:
        """Put the outcome in the place of the question, so that it cannot be answered twice."""
        await self._outbox.edit(
            pressed.chat_id, pressed.message_id, render(text)[0], None, final=True
        )


def _id(argument: str) -> int:
    """An id from callback data, which a client can make up. Raises ValueError if it is none."""
    number = int(argument)
    if abs(number) >= 2**63:
        raise ValueError("larger than any id")
    return number
