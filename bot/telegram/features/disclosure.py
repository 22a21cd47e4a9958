"""Tells people that they write to an AI, suggests breaks, and asks whether they are 18."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from bot.conversation import disclosure_policy
from bot.conversation.disclosure_policy import Notice
from bot.locales import texts_for
from bot.safety.hotlines import emergency, youth_hotlines
from bot.storage import StorageError
from bot.telegram import keyboards
from bot.telegram.outbound.delivery import Undeliverable, Unreachable
from bot.telegram.outbound.rendering import render

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from telegram import InlineKeyboardMarkup

    from bot.locales import Language, Texts
    from bot.storage import Counters, Disclosure, Disclosures, Turn
    from bot.telegram.features.crisis.hotlines import HotlineList
    from bot.telegram.outbound.outbox import Outbox
    from bot.telegram.requests import CallbackRequest

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PendingNotice:
    """A notice that has to be said in a person's private chat, and what is known about them."""

    user_id: int
    language: Language
    notice: Notice
    known: Disclosure
    in_danger: bool


class DisclosureService:
    """Says what has to be said beside the answers; only in private chats.

    What was said is stored after it was sent, so a crash in between says it twice rather than
    never. Nothing here can keep an answer from being made.
    """

    def __init__(
        self,
        *,
        outbox: Outbox,
        hotlines: HotlineList,
        disclosures: Disclosures,
        counters: Counters,
        now: Callable[[], datetime],
        is_trial: bool,
    ) -> None:
        self._outbox = outbox
        self._hotlines = hotlines
        self._disclosures = disclosures
        self._counters = counters
        self._now = now
        self._is_trial = is_trial

    async def before_answer(
        self, turn: Turn, language: Language, *, in_danger: bool
    ) -> PendingNotice | None:
        """Say that this is an AI, if it is time; what can wait for the answer comes back.

        To somebody who may be in danger everything waits: a card and an answer come first.
        """
        if turn.chat_id != turn.user_id:  # a private chat has its person's id
            return None
        try:
            known = await self._disclosures.for_user(turn.user_id)
            now = self._now()
            notice = disclosure_policy.due(known, now, in_danger=in_danger)
            if notice is None:
                if disclosure_policy.worth_noting(known, now):
                    known = disclosure_policy.wrote(known, now)
                    await self._disclosures.record(turn.user_id, known)
                return None
        except StorageError as error:
            log.warning("disclosures_not_read", turn=turn.id, error=type(error).__name__)
            return None
        pending = PendingNotice(turn.user_id, language, notice, known, in_danger)
        if in_danger or not notice.says_ai:
            return pending
        await self._give(pending)
        return None

    async def after_answer(self, pending: PendingNotice | None) -> None:
        """Say what was left to say."""
        if pending is not None:
            await self._give(pending)

    async def greet(self, chat_id: int, user_id: int, language: Language) -> None:
        """Send the greeting of /start: what this is, and the question about age if it is open."""
        texts = texts_for(language)
        parts = [texts.start]
        if self._is_trial:
            parts.append(texts.start_trial)
        if chat_id != user_id:
            await self._send(chat_id, "\n\n".join(parts), None)
            return
        known = await self._disclosures.for_user(user_id)
        asks = known.age is None
        if asks:
            parts.append(texts.care_ask_age)
        keyboard = keyboards.ask_age(texts, user_id) if asks else None
        await self._send(chat_id, "\n\n".join(parts), keyboard)
        told = disclosure_policy.given(known, Notice.FIRST, self._now(), asked=asks)
        await self._disclosures.record(user_id, told)

    async def press_age(self, pressed: CallbackRequest, answer: str) -> str | None:
        """Remember an age and say what follows from it; returns a toast."""
        texts, person = pressed.texts, pressed.user_id
        match answer:
            case "adult" | "teen":
                await self._disclosures.set_age(person, "adult" if answer == "adult" else "teen")
                await self._outbox.edit_keyboard(pressed.chat_id, pressed.message_id, None)
                return texts.care_age_thanks
            case "minor":
                await self._disclosures.set_age(person, "minor")
                region = await self._hotlines.region(person)
                text = texts.care_minor(
                    lines=youth_hotlines(pressed.language, region),
                    emergency=emergency(pressed.language, region),
                )
                keyboard = keyboards.ask_under_14(texts, person)
            case "child":
                await self._disclosures.set_age(person, "child")
                text, keyboard = texts.care_child, keyboards.ask_guardian(texts, person)
            case _:
                return texts.button_expired
        await self._send(pressed.chat_id, text, keyboard)
        await self._outbox.edit_keyboard(pressed.chat_id, pressed.message_id, None)
        return None

    async def press_guardian(self, pressed: CallbackRequest, answer: str) -> str | None:
        """Remember whether a guardian agrees; returns a toast."""
        texts = pressed.texts
        if answer == "yes":
            await self._disclosures.record_guardian_consent(pressed.user_id)
        else:
            await self._send(pressed.chat_id, texts.care_guardian_later, None)
        await self._outbox.edit_keyboard(pressed.chat_id, pressed.message_id, None)
        return texts.care_age_thanks if answer == "yes" else None

    async def _give(self, pending: PendingNotice) -> None:
        asks_age = pending.notice is Notice.AGE or (
            pending.notice is Notice.FIRST and pending.known.age is None and not pending.in_danger
        )
        asks = asks_age or pending.notice is Notice.GUARDIAN
        texts = texts_for(pending.language)
        keyboard = None
        if asks_age:
            keyboard = keyboards.ask_age(texts, pending.user_id)
        elif asks:
            keyboard = keyboards.ask_guardian(texts, pending.user_id)
        try:
            await self._send(pending.user_id, self._words(pending, texts, asks_age), keyboard)
            now = self._now()
            known = disclosure_policy.wrote(pending.known, now)
            await self._disclosures.record(
                pending.user_id, disclosure_policy.given(known, pending.notice, now, asked=asks)
            )
        except (Unreachable, Undeliverable, StorageError) as error:
            # Still pending: the next message brings it.
            log.warning("notice_not_given", notice=pending.notice, error=type(error).__name__)
        else:
            await self._counters.add(f"notice_{pending.notice}")

    def _words(self, pending: PendingNotice, texts: Texts, asks_age: bool) -> str:
        match pending.notice:
            case Notice.FIRST:
                parts = [texts.care_first]
                if self._is_trial:
                    parts.append(texts.start_trial)
                if asks_age:
                    parts.append(texts.care_ask_age)
                return "\n\n".join(parts)
            case Notice.RETURN:
                return texts.care_return
            case Notice.REMINDER:
                return texts.care_reminder
            case Notice.BREAK:
                return texts.care_break
            case Notice.AGE:
                # Who was in danger at first contact has not been asked before.
                return texts.care_ask_age_again if pending.known.asked else texts.care_ask_age
            case Notice.GUARDIAN:
                return texts.care_child

    async def _send(self, chat_id: int, text: str, keyboard: InlineKeyboardMarkup | None) -> None:
        parts = render(text)
        for part in parts[:-1]:
            await self._outbox.send(chat_id, part)
        await self._outbox.send(chat_id, parts[-1], keyboard=keyboard)
