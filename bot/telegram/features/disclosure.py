"""Tells people that they write to an AI, suggests breaks, and asks whether they are 18."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from bot.conversation import disclosure_policy
from bot.conversation.disclosure_policy import Notice, PendingNotice
from bot.locales import texts_for
from bot.safety import RiskLevel, level_at, needs_card
from bot.safety.hotlines import emergency, youth_hotlines
from bot.storage import StorageError
from bot.telegram.chat_ids import is_private
from bot.telegram.feature import Command, Feature, button_row, owned_callback
from bot.telegram.outbound.failures import Undeliverable, Unreachable

if TYPE_CHECKING:
    from telegram import InlineKeyboardMarkup

    from bot.locales import Language, Texts
    from bot.storage import Disclosure, Turn
    from bot.telegram.context import Context
    from bot.telegram.features.crisis.hotlines import HotlineList
    from bot.telegram.requests import CallbackRequest, CommandRequest

log = structlog.get_logger(__name__)


class DisclosureService(Feature):
    """Says what has to be said beside the answers; only in private chats.

    What was said is stored after it was sent, so a crash in between says it twice rather than
    never. Nothing here can keep an answer from being made.
    """

    def __init__(self, context: Context, *, hotlines: HotlineList) -> None:
        self._outbox = context.outbox
        self._disclosures = context.storage.disclosures
        self._counters = context.storage.counters
        self._risk = context.storage.risk
        self._now = context.now
        self._is_trial = context.options.is_trial
        self._hotlines = hotlines
        self.commands = (
            Command(
                name="start",
                run=self._greet,
                menu=lambda t: t.command_start,
                opens_chat=True,
            ),
        )
        self.callbacks = (
            owned_callback("age", ("adult", "minor", "teen", "child"), self._answer_age),
            owned_callback("guardian", ("yes", "no"), self._answer_guardian),
        )

    async def before_answer(
        self, turn: Turn, language: Language, known: Disclosure, *, level: RiskLevel
    ) -> PendingNotice | None:
        """Say that this is an AI, if it is time; what can wait for the answer comes back.

        To a person who may be in danger everything waits: a card and an answer come first.
        """
        if not is_private(turn.chat_id):
            return None
        in_danger, has_card = level > RiskLevel.NONE, needs_card(level)
        now = self._now()
        notice = disclosure_policy.due(known, now, in_danger=in_danger, has_card=has_card)
        if notice is None:
            if disclosure_policy.worth_noting(known, now):
                await self._note_wrote(turn, disclosure_policy.wrote(known, now))
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

    async def _note_wrote(self, turn: Turn, known: Disclosure) -> None:
        try:
            await self._disclosures.record(turn.user_id, known)
        except StorageError as error:
            log.warning("disclosures_not_noted", turn=turn.id, error=type(error).__name__)

    async def _greet(self, request: CommandRequest) -> None:
        """Say what this is, and ask for the person's age if it is not known."""
        texts, user_id = request.texts, request.user_id
        if request.is_private and needs_card(await self._level(user_id)):
            # No question and no warning between a person in danger and their card.
            await self._outbox.send_text(request.chat_id, texts.start)
            return
        parts = [texts.start]
        if self._is_trial:
            parts.append(texts.start_trial)
        if not request.is_private:
            await self._outbox.send_text(request.chat_id, "\n\n".join(parts))
            return
        known = await self._disclosures.for_user(user_id)
        asks = known.age is None
        if asks:
            parts.append(texts.care_ask_age)
        keyboard = ask_age(texts, user_id) if asks else None
        await self._outbox.send_text(request.chat_id, "\n\n".join(parts), keyboard)
        told = disclosure_policy.given(known, Notice.FIRST, self._now(), asked=asks)
        await self._disclosures.record(user_id, told)

    async def _level(self, user_id: int) -> RiskLevel:
        return level_at((await self._risk.for_user(user_id)).ends, self._now())

    async def _answer_age(self, request: CallbackRequest, answer: str) -> str | None:
        """Remember an age and say what follows from it."""
        texts, person = request.texts, request.user_id
        match answer:
            case "minor":
                await self._disclosures.set_age(person, "minor")
                region = await self._hotlines.region(person)
                text = texts.care_minor(
                    lines=youth_hotlines(request.language, region),
                    emergency=emergency(request.language, region),
                )
                keyboard = ask_under_14(texts, person)
            case "child":
                await self._disclosures.set_age(person, "child")
                text, keyboard = texts.care_child, ask_guardian(texts, person)
            case _:
                await self._disclosures.set_age(person, "adult" if answer == "adult" else "teen")
                await self._outbox.edit_keyboard(request.chat_id, request.message_id, None)
                return texts.care_age_thanks
        await self._outbox.send_text(request.chat_id, text, keyboard)
        await self._outbox.edit_keyboard(request.chat_id, request.message_id, None)
        return None

    async def _answer_guardian(self, request: CallbackRequest, answer: str) -> str | None:
        """Remember whether a guardian agrees."""
        texts = request.texts
        if answer == "yes":
            await self._disclosures.record_guardian_consent(request.user_id)
        else:
            await self._outbox.send_text(request.chat_id, texts.care_guardian_later)
        await self._outbox.edit_keyboard(request.chat_id, request.message_id, None)
        return texts.care_age_thanks if answer == "yes" else None

    async def _give(self, pending: PendingNotice) -> None:
        asks_age = pending.notice is Notice.AGE or (
            pending.notice is Notice.FIRST and pending.known.age is None and not pending.in_danger
        )
        asks = asks_age or pending.notice is Notice.GUARDIAN
        texts = texts_for(pending.language)
        keyboard = None
        if asks_age:
            keyboard = ask_age(texts, pending.user_id)
        elif asks:
            keyboard = ask_guardian(texts, pending.user_id)
        try:
            text = self._words(pending, texts, asks_age)
            await self._outbox.send_text(pending.user_id, text, keyboard)
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
            case Notice.IN_DANGER:
                return texts.care_in_danger


def ask_age(texts: Texts, user_id: int) -> InlineKeyboardMarkup:
    """Under the question whether a person is 18."""
    return button_row(
        (texts.care_age_adult, f"age:adult:{user_id}"),
        (texts.care_age_minor, f"age:minor:{user_id}"),
    )


def ask_under_14(texts: Texts, user_id: int) -> InlineKeyboardMarkup:
    """Under the question whether a person under 18 is 14."""
    return button_row(
        (texts.care_age_teen, f"age:teen:{user_id}"),
        (texts.care_age_child, f"age:child:{user_id}"),
    )


def ask_guardian(texts: Texts, user_id: int) -> InlineKeyboardMarkup:
    """Under the question whether a guardian agrees."""
    return button_row(
        (texts.care_guardian_yes, f"guardian:yes:{user_id}"),
        (texts.care_guardian_no, f"guardian:no:{user_id}"),
    )
