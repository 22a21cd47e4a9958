"""What people think of answers: thumbs, their own wording, and whether that may help to train.

Consent is asked for once, with the first rating, and changed in /privacy. Who said no, or that they
are under 18, is thanked and counted, and nothing of theirs is kept. Nobody who may be in danger is
asked anything here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from bot.conversation.reading import read_for_danger
from bot.locales import language_for, texts_for
from bot.safety import RiskLevel, Utterance, level_at
from bot.telegram import keyboards
from bot.telegram.outbound.rendering import render

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from telegram import InlineKeyboardMarkup

    from bot.locales import Texts
    from bot.storage import Counters, Disclosures, Feedback, Rating, Risk
    from bot.telegram.inbound.incoming import IncomingText
    from bot.telegram.outbound.outbox import Outbox
    from bot.telegram.requests import CallbackRequest, CommandRequest


class Ratings:
    """The thumbs under answers, in private chats only."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        feedback: Feedback,
        disclosures: Disclosures,
        risk: Risk,
        counters: Counters,
        now: Callable[[], datetime],
    ) -> None:
        self._outbox = outbox
        self._feedback = feedback
        self._disclosures = disclosures
        self._risk = risk
        self._counters = counters
        self._now = now

    async def press(
        self, pressed: CallbackRequest, what: Literal["up", "down", "undo"], turn_id: int
    ) -> str:
        """Keep or take back a rating, show it in the buttons, and return a toast."""
        texts, person = pressed.texts, pressed.user_id
        if not await self._feedback.can_rate(person, turn_id):
            return texts.rate_gone
        if await self._in_danger(person):
            return texts.rate_not_now
        if what == "undo":
            await self._feedback.withdraw(person, turn_id)
            await self._show(pressed, turn_id, None)
            return texts.rate_undone
        kept = None
        if not await self._disclosures.is_minor(person):
            kept = await self._feedback.rate(person, turn_id, what)
        await self._counters.add(f"feedback_{what}")
        await self._show(pressed, turn_id, what)
        if kept is not None and kept.asks:
            question = render(texts.train_ask)[0]
            keyboard = keyboards.ask_training(texts, person)
            await self._outbox.send(pressed.chat_id, question, keyboard)
        elif kept is not None and kept.consent == "yes" and what == "down":
            await self._invite(pressed.chat_id, person, texts)
        return texts.rate_thanks_up if what == "up" else texts.rate_thanks_down

    async def press_training(self, pressed: CallbackRequest, answer: str) -> str | None:
        """Remember whether a person agrees to training, or tell what it is; returns a toast."""
        texts, person = pressed.texts, pressed.user_id
        if answer == "no":
            await self._feedback.refuse_consent(person)
            await self._replace(pressed, texts.train_no)
            return None
        if await self._in_danger(person):
            return texts.rate_not_now
        if answer not in {"yes", "what"} or await self._disclosures.is_minor(person):
            return texts.button_expired
        if answer == "what":
            keyboard = keyboards.ask_training(texts, person, explained=True)
            await self._replace(pressed, texts.train_what, keyboard)
            return None
        await self._feedback.give_consent(person)
        await self._replace(pressed, texts.train_yes)
        await self._invite(pressed.chat_id, person, texts)
        return None

    async def show_training(self, asked: CommandRequest) -> None:
        """Say what a person agreed to, with the button that changes it."""
        texts, person = asked.texts, asked.user_id
        if asked.chat_id != person or await self._disclosures.is_minor(person):
            return
        agreed = await self._feedback.consent(person) == "yes"
        state = texts.train_state_yes if agreed else texts.train_state_no
        keyboard = keyboards.change_training(texts, person, agreed=agreed)
        await self._outbox.send(asked.chat_id, render(state)[0], keyboard)

    async def rewritten(self, said: IncomingText) -> bool:
        """Keep a reply that says how somebody would have put an answer.

        False for everything else, which is to be answered; so is what tells of danger.
        """
        if said.reply_to is None or said.chat_id != said.user_id:
            return False
        read = await read_for_danger([Utterance(said.text)])
        if read.level >= RiskLevel.HIGH or await self._in_danger(said.user_id):
            return False
        if not await self._feedback.record_rewrite(said.user_id, said.reply_to, said.text):
            return False
        texts = texts_for(language_for(said.language_code))
        await self._outbox.send(said.chat_id, render(texts.rate_rewritten)[0])
        return True

    async def _invite(self, chat_id: int, user_id: int, texts: Texts) -> None:
        """Say once of a dislike that the person may write what they would rather have heard."""
        disliked = await self._feedback.last_disliked(user_id)
        if disliked is not None:
            turn_id, shown_in = disliked
            invitation = render(texts.rate_invite)[0]
            message_id = await self._outbox.send(chat_id, invitation, reply_to=shown_in)
            await self._feedback.record_invitation(user_id, turn_id, message_id)

    async def _in_danger(self, user_id: int) -> bool:
        known = await self._risk.for_user(user_id)
        return level_at(known.ends, self._now()) >= RiskLevel.HIGH

    async def _show(self, pressed: CallbackRequest, turn_id: int, rated: Rating | None) -> None:
        keyboard = keyboards.after_answer(pressed.texts, turn_id, ratable=True, rated=rated)
        await self._outbox.edit_keyboard(pressed.chat_id, pressed.message_id, keyboard)

    async def _replace(
        self, pressed: CallbackRequest, text: str, keyboard: InlineKeyboardMarkup | None = None
    ) -> None:
        await self._outbox.edit(
            pressed.chat_id, pressed.message_id, render(text)[0], keyboard, final=True
        )
