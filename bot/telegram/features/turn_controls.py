"""Stopping an answer, and asking for another one: /stop and the buttons under answers.

Both are open to a whole group, as speaking is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.locales.access import access_texts_for
from bot.storage import StorageError
from bot.telegram.feature import Button, Callback, Command, Feature, button_row, parse_one_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from telegram import InlineKeyboardMarkup

    from bot.locales import Texts
    from bot.telegram.context import Context
    from bot.telegram.features.exercises.breathing import BreathingGuide
    from bot.telegram.requests import CallbackRequest, CommandRequest
    from bot.telegram.turns.quota import Quota
    from bot.telegram.turns.registry import RunningTurns


class TurnControls(Feature):
    """Stops the answer being made in a chat, or has its last one made again.

    Args:
        context: what the features share.
        running_turns: can be stopped.
        quota: how much one person gets in a day, answers made again included.
        wake: told which chat has a turn to be answered again.
        breathing: is stopped, too, where it is led.
    """

    def __init__(
        self,
        context: Context,
        *,
        running_turns: RunningTurns,
        quota: Quota,
        wake: Callable[[int], None],
        breathing: BreathingGuide,
    ) -> None:
        self._outbox = context.outbox
        self._turns = context.storage.turns
        self._access = context.access
        self._running_turns = running_turns
        self._quota = quota
        self._wake = wake
        self._breathing = breathing
        self.commands = (Command(name="stop", run=self._stop, menu=lambda t: t.command_stop),)
        self.callbacks = (
            Callback(prefix="stop", parse=parse_one_id, run=self._stop_turn),
            Callback(prefix="redo", parse=parse_one_id, run=self._redo),
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
        if await self._turns.reopen(turn_id, asked_by=asked_by) is None:
            return request.texts.redo_not_last
        self._wake(request.chat_id)
        return None


def while_answering(texts: Texts, turn_id: int) -> InlineKeyboardMarkup:
    """Under an answer that is still being written."""
    return button_row((texts.button_stop, f"stop:{turn_id}"))


def after_failure(texts: Texts, turn_id: int) -> InlineKeyboardMarkup:
    """Under the sentence that says the answer could not be made."""
    return button_row((texts.button_retry, f"redo:{turn_id}"))


def redo_button(texts: Texts, turn_id: int) -> Button:
    """Another wording of the last answer."""
    return texts.button_redo, f"redo:{turn_id}"
