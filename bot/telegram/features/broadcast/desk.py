"""/broadcast: an admin sees what everybody would read, and how many they are, before it begins."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from bot.locales.operators import operator_texts_for
from bot.storage import Role
from bot.telegram.feature import Button, Callback, Feature, button_rows, parse_id
from bot.telegram.features.admin.acts import (
    SHOWN,
    USAGE,
    Done,
    OperatorAct,
    say,
    texts_of,
    told_at,
)
from bot.telegram.features.admin.confirmations import ask_confirm
from bot.telegram.features.broadcast.sender import counts_of
from bot.telegram.features.broadcast.words import broadcast_words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from telegram import InlineKeyboardMarkup

    from bot.locales.operators import OperatorTexts
    from bot.storage import Broadcast, BroadcastState
    from bot.telegram.context import Context
    from bot.telegram.requests import CallbackRequest, CommandRequest

MAX_WORDS: Final = 3500
"""Characters that go into one message."""


class BroadcastDesk(Feature):
    """Drafts, shows, begins, holds and ends broadcasts.

    Args:
        context: what the features share.
        on_due: told when something is to be sent.
    """

    def __init__(self, context: Context, *, on_due: Callable[[], None]) -> None:
        self._context = context
        self._broadcasts = context.storage.broadcasts
        self._audit = context.storage.audit
        self._on_due = on_due
        self.acts = (
            OperatorAct("broadcast", Role.ADMIN, self._broadcast, lambda t: t.menu_broadcast),
        )
        self.confirmed = {"cast": self._begin, "uncast": self._cancel}
        self.callbacks = (Callback(prefix="cast", parse=_parse, run=self._press, role=Role.ADMIN),)

    async def _broadcast(self, request: CommandRequest) -> Done:
        texts = texts_of(request)
        if not request.argument:
            return await self._show_last(request)
        verb, _, day = request.argument.partition(" ")
        words: str | None = request.argument
        ends_on = None
        if verb == "ending":
            ends_on, words = _day_in(day.strip()), None
            if ends_on is None or ends_on <= self._context.now().date():
                await say(self._context, request, texts.cast_usage)
                return USAGE
        elif len(request.argument) > MAX_WORDS:
            await say(self._context, request, texts.cast_too_long(count=MAX_WORDS))
            return USAGE
        number = await self._broadcasts.draft(request.user_id, words, ends_on)
        draft = await self._broadcasts.get(number)
        if draft is None:
            return Done(f"#{number}", "gone")
        preview = broadcast_words(draft, request.language, None, self._context.now()) or ""
        await say(self._context, request, preview)
        count = await self._broadcasts.count_recipients()
        keyboard = ask_confirm(texts, "cast", request.user_id, number)
        await say(self._context, request, texts.cast_ask(number=number, count=count), keyboard)
        return Done(f"#{number}", "drafted")

    async def _begin(self, request: CallbackRequest, number: int) -> str:
        """Begin a draft that was confirmed; what is said of it."""
        texts = operator_texts_for(request.language)
        count = await self._broadcasts.begin(number)
        if count is None:
            return texts.cast_gone
        self._on_due()
        return texts.cast_begun(number=number, count=count)

    async def _cancel(self, request: CallbackRequest, number: int) -> str:
        """End one for good that was confirmed to be ended; what is said of it."""
        texts = operator_texts_for(request.language)
        if not await self._broadcasts.cancel(number):
            return texts.cast_gone
        found = await self._broadcasts.get(number)
        return texts.cast_gone if found is None else self._status(texts, request.user_id, found)

    async def _show_last(self, request: CommandRequest) -> Done:
        texts, found = texts_of(request), await self._broadcasts.last()
        if found is None:
            await say(self._context, request, texts.cast_usage)
        else:
            text = f"{self._status(texts, request.user_id, found)}\n\n{texts.cast_usage}"
            await say(self._context, request, text, cast_buttons(texts, found.id, found.state))
        return SHOWN

    async def _press(self, request: CallbackRequest, pressed: tuple[str, int]) -> str | None:
        texts = operator_texts_for(request.language)
        verb, number = pressed
        if verb == "end":
            keyboard = ask_confirm(texts, "uncast", request.user_id, number)
            question = texts.cast_end_ask(number=number)
            await self._context.outbox.send_text(request.chat_id, question, keyboard)
            return None
        moves = {"pause": self._broadcasts.pause, "resume": self._broadcasts.resume}
        moved = await moves[verb](number)
        outcome = verb if moved else "too late"
        await self._audit.record(request.user_id, "broadcast", f"#{number}", outcome)
        self._on_due()
        found = await self._broadcasts.get(number)
        if found is None or not moved:
            return texts.cast_gone
        text = self._status(texts, request.user_id, found)
        keyboard_now = cast_buttons(texts, number, found.state)
        await self._context.outbox.edit_text(
            request.chat_id, request.message_id, text, keyboard_now
        )
        return texts.noted

    def _status(self, texts: OperatorTexts, user_id: int, broadcast: Broadcast) -> str:
        """How far one has come, in the zone of an admin."""
        states = {
            "draft": texts.cast_draft,
            "running": texts.cast_running,
            "paused": texts.cast_paused,
            "done": texts.cast_done,
            "cancelled": texts.cast_cancelled,
        }
        return texts.cast_status(
            number=broadcast.id,
            state=states[broadcast.state],
            at=told_at(self._context, user_id, broadcast.made_at),
            report=texts.cast_report(number=broadcast.id, **counts_of(broadcast)),
        )


def cast_buttons(
    texts: OperatorTexts, number: int, state: BroadcastState
) -> InlineKeyboardMarkup | None:
    """What can be done with a broadcast that has begun and not ended."""
    if state not in {"running", "paused"}:
        return None
    move: Button = (texts.button_pause, f"cast:pause:{number}")
    if state == "paused":
        move = (texts.button_resume, f"cast:resume:{number}")
    return button_rows([[move, (texts.button_end, f"cast:end:{number}")]])


def _parse(arguments: Sequence[str]) -> tuple[str, int]:
    verb, number = arguments
    if verb not in {"pause", "resume", "end"}:
        raise ValueError(verb)
    return verb, parse_id(number)


def _day_in(word: str) -> date | None:
    try:
        return date.fromisoformat(word)
    except ValueError:
        return None
