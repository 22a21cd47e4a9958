"""Stopping an answer, and asking for another one: /stop and the buttons under answers.

Both are open to a whole group, as speaking is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.conversation.objections import OBJECTIONS
from bot.locales.access import access_texts_for
from bot.storage import StorageError
from bot.telegram.chat_ids import is_private
from bot.telegram.feature import (
    Button,
    Callback,
    Command,
    Feature,
    button_row,
    parse_id,
    parse_one_id,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from telegram import InlineKeyboardMarkup

    from bot.locales import Texts
    from bot.telegram.context import Context
    from bot.telegram.features.exercises.breathing import BreathingGuide
    from bot.telegram.requests import CallbackRequest, CommandRequest
    from bot.telegram.turns.quota import Quota
    from bot.telegram.turns.registry import RunningTurns


@dataclass(frozen=True, slots=True)
class PressedWrong:
    """What a person says was wrong with the answer of a turn."""

    wish: str
    turn_id: int


@dataclass(frozen=True, slots=True)
class PressedPage:
    """A version of an answer that a person wants to see."""

    turn_id: int
    number: int


class TurnControls(Feature):
    """Stops the answer being made in a chat, or has its last one made again.

    Args:
        context: what the features share.
        running_turns: can be stopped.
        quota: how much one person gets in a day, answers made again included.
        wake: told which chat has a turn to be answered again.
        breathing: is stopped, too, where it is led.
        after_answer: the buttons under an answer that is whole.
    """

    def __init__(
        self,
        context: Context,
        *,
        running_turns: RunningTurns,
        quota: Quota,
        wake: Callable[[int], None],
        breathing: BreathingGuide,
        after_answer: Callable[..., InlineKeyboardMarkup],
    ) -> None:
        self._outbox = context.outbox
        self._turns = context.storage.turns
        self._counters = context.storage.counters
        self._feedback = context.storage.feedback
        self._history_cache = context.storage.history_cache
        self._after_answer = after_answer
        self._access = context.access
        self._running_turns = running_turns
        self._quota = quota
        self._wake = wake
        self._breathing = breathing
        self.commands = (Command(name="stop", run=self._stop, menu=lambda t: t.command_stop),)
        self.callbacks = (
            Callback(prefix="stop", parse=parse_one_id, run=self._stop_turn),
            Callback(prefix="redo", parse=parse_one_id, run=self._redo),
            Callback(prefix="wrong", parse=_parse_wrong, run=self._redo_otherwise),
            Callback(prefix="page", parse=_parse_page, run=self._show_version),
        )

    async def _stop(self, request: CommandRequest) -> None:
        texts = request.texts
        # The answer itself says that it was stopped; only silence needs a word.
        try:
            leads = request.is_private and await self._breathing.stop(
                request.user_id, request.language
            )
            if await self._running_turns.stop(request.chat_id) or leads:
                return
            text = texts.nothing_to_stop
        except StorageError:
            text = texts.stop_unsure
        await self._outbox.send_text(request.chat_id, text)

    async def _stop_turn(self, request: CallbackRequest, turn_id: int) -> str | None:
        try:
            stopped = await self._running_turns.stop(request.chat_id, turn_id)
        except StorageError:
            return request.texts.stop_unsure
        return None if stopped else request.texts.nothing_to_stop

    async def _redo(self, request: CallbackRequest, turn_id: int) -> str | None:
        return await self._answer_again(request, turn_id)

    async def _redo_otherwise(self, request: CallbackRequest, pressed: PressedWrong) -> str | None:
        """Answer anew at once, without what was wrong."""
        failed = await self._answer_again(request, pressed.turn_id, pressed.wish)
        if failed is None:
            await self._counters.add(f"wrong_{pressed.wish}")
        return failed

    async def _show_version(self, request: CallbackRequest, page: PressedPage) -> str | None:
        """Show another version of the last answer; from now on it is what was said."""
        turn = await self._turns.get(page.turn_id)
        if turn is None or turn.chat_id != request.chat_id:
            return request.texts.redo_not_last
        if turn.version == page.number and turn.answer:
            return None
        shown = await self._turns.show_version(page.turn_id, page.number)
        if shown is None or shown.answer is None:
            return request.texts.redo_not_last
        await self._history_cache.forget(request.chat_id)
        versions = await self._turns.count_versions(shown.id)
        is_ratable = is_private(request.chat_id) and await self._feedback.can_rate(
            request.user_id, shown.id
        )
        keyboard = self._after_answer(
            request.texts,
            shown.id,
            ratable=is_ratable,
            version=shown.version,
            versions=versions,
        )
        await self._outbox.edit_text(request.chat_id, request.message_id, shown.answer, keyboard)
        return None

    async def _answer_again(
        self, request: CallbackRequest, turn_id: int, wish: str | None = None
    ) -> str | None:
        turn = await self._turns.get(turn_id)
        if turn is None or turn.chat_id != request.chat_id:
            return request.texts.redo_not_last
        asked_by = request.user_id
        if self._access.paused_since is not None:
            return access_texts_for(request.language).paused_button
        if turn.state != "failed":
            until = await self._quota.ends_at(asked_by, request.chat_id)
            if until is not None:
                return request.texts.redo_limit(count=self._quota.hours_until(until))
        if await self._turns.reopen(turn_id, asked_by=asked_by, wish=wish) is None:
            return request.texts.redo_not_last
        self._wake(request.chat_id)
        return None


def while_answering(texts: Texts, turn_id: int) -> InlineKeyboardMarkup:
    """Under an answer that is still being written."""
    return button_row((texts.button_stop, f"stop:{turn_id}"))


def after_failure(texts: Texts, turn_id: int, *, version: int = 1) -> InlineKeyboardMarkup:
    """Under the sentence that says the answer, or a later `version` of it, could not be made."""
    back = [("‹", f"page:{turn_id}:{version - 1}")] if version > 1 else []
    return button_row(*back, (texts.button_retry, f"redo:{turn_id}"))


def version_buttons(turn_id: int, version: int, versions: int) -> list[Button]:
    """The way to the version before and behind, and which this is: ‹ 2/3 ›."""
    if versions < 2:
        return []
    here = (f"{version}/{versions}", f"page:{turn_id}:{version}")
    before = [("‹", f"page:{turn_id}:{version - 1}")] if version > 1 else []
    behind = [("›", f"page:{turn_id}:{version + 1}")] if version < versions else []
    return [*before, here, *behind]


def wish_buttons(texts: Texts, turn_id: int) -> list[list[Button]]:
    """What may be wrong with an answer: each has it answered anew at once."""
    named = {
        "long": texts.wrong_long,
        "lost": texts.wrong_lost,
        "preachy": texts.wrong_preachy,
        "cold": texts.wrong_cold,
    }
    buttons = [(named[wish], f"wrong:{wish}:{turn_id}") for wish in OBJECTIONS]
    return [buttons[:2], buttons[2:]]


def _parse_wrong(arguments: Sequence[str]) -> PressedWrong:
    wish, turn_id = arguments
    if wish not in OBJECTIONS:
        raise ValueError(wish)
    return PressedWrong(wish, parse_id(turn_id))


def _parse_page(arguments: Sequence[str]) -> PressedPage:
    turn_id, number = arguments
    return PressedPage(parse_id(turn_id), parse_id(number))


def redo_button(texts: Texts, turn_id: int) -> Button:
    """Another wording of the last answer."""
    return texts.button_redo, f"redo:{turn_id}"
