"""Tells people that they write to an AI, suggests breaks, and asks whether they are 18."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from telegram import InlineKeyboardMarkup

from bot.conversation import disclosure_policy
from bot.conversation.disclosure_policy import Notice, PendingNotice
from bot.locales import texts_for
from bot.safety import RiskLevel, level_at, needs_card
from bot.safety.hotlines import numbers_for, youth_hotlines
from bot.storage import StorageError
from bot.telegram.chat_ids import is_private
from bot.telegram.feature import Command, Feature, button_row, button_rows, owned_callback
from bot.telegram.features.beginnings import begin_buttons
from bot.telegram.outbound.failures import Undeliverable, Unreachable

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.locales import Language, Texts
    from bot.safety.occasions import Occasion
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
        self._serving = context.options.serving
        self._times = context.options.notice_times
        self._hotlines = hotlines
        self.commands = (
            Command(
                name="start",
                run=self.greet,
                menu=lambda t: t.command_start,
                opens_chat=True,
            ),
        )
        self.callbacks = (
            owned_callback(
                "age", ("adult", "minor", "teen", "child", "unsaid", "change"), self._answer_age
            ),
            owned_callback("guardian", ("yes", "no", "unsafe"), self._answer_guardian),
        )

    async def before_answer(
        self,
        turn: Turn,
        language: Language,
        known: Disclosure,
        *,
        level: RiskLevel,
        has_card: bool,
        occasions: Collection[Occasion],
    ) -> PendingNotice | None:
        """Say that this is an AI, if it is time; what can wait for the answer comes back."""
        if not is_private(turn.chat_id):
            return None
        now = self._now()
        if has_card:
            await self._note(turn, disclosure_policy.told_by_card(known, now))
            return None
        due = disclosure_policy.due(
            known,
            now,
            in_danger=level > RiskLevel.NONE,
            occasions=occasions,
            times=self._times,
        )
        if not due and disclosure_policy.worth_noting(known, now):
            await self._note(turn, disclosure_policy.wrote(known, now))
        pending = None
        for notice in due:
            pending = PendingNotice(turn.user_id, language, notice, known)
            if notice.says_ai:
                known, pending = await self._give(pending), None
                if known.told_at is None:  # not taken now: nothing is asked before it is said
                    return None
        return pending

    async def after_answer(self, pending: PendingNotice | None) -> None:
        """Say what was left to say."""
        if pending is not None:
            await self._give(pending)

    async def _note(self, turn: Turn, known: Disclosure) -> None:
        try:
            await self._disclosures.record(turn.user_id, known)
        except StorageError as error:
            log.warning("disclosures_not_noted", turn=turn.id, error=type(error).__name__)

    async def greet(self, request: CommandRequest) -> None:
        """Say what this is, and how to begin."""
        texts, user_id = request.texts, request.user_id
        if request.is_private and needs_card(await self._level(user_id)):
            # No question and no warning between a person in danger and their card.
            await self._outbox.send_text(request.chat_id, texts.start)
            return
        parts = [texts.start]
        if self._serving().is_trial:
            parts.append(texts.start_trial)
        if not request.is_private:
            await self._outbox.send_text(request.chat_id, "\n\n".join(parts))
            return
        known = await self._disclosures.for_user(user_id)
        keyboard = begin_buttons(texts, user_id)
        if known.age is not None:
            # Who has pressed the wrong button, or has had a birthday, finds the question again.
            keyboard = welcome_back(texts, user_id)
        await self._outbox.send_text(request.chat_id, "\n\n".join(parts), keyboard)
        told = disclosure_policy.given(known, Notice.FIRST, self._now(), asked=False)
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
                    police=numbers_for(request.language, region)["police"],
                )
                keyboard = ask_under_14(texts, person)
            case "child":
                await self._disclosures.set_age(person, "child")
                text, keyboard = texts.care_child, ask_guardian(texts, person)
            case "change":
                text, keyboard = texts.care_ask_age, ask_age(texts, person)
            case "unsaid":
                known = await self._disclosures.for_user(person)
                left = disclosure_policy.left_unsaid(known, self._now())
                await self._disclosures.record(person, left)
                await self._outbox.edit_keyboard(request.chat_id, request.message_id, None)
                return texts.care_age_left
            case _:
                await self._disclosures.set_age(person, "adult" if answer == "adult" else "teen")
                await self._outbox.edit_keyboard(request.chat_id, request.message_id, None)
                return texts.care_age_thanks
        await self._outbox.send_text(request.chat_id, text, keyboard)
        await self._outbox.edit_keyboard(request.chat_id, request.message_id, None)
        return None

    async def _answer_guardian(self, request: CallbackRequest, answer: str) -> str | None:
        """Remember what a child says of those who would have to agree; it is no consent of theirs.

        Where home is not safe nothing is asked of it again.
        """
        texts, user_id, toast = request.texts, request.user_id, None
        match answer:
            case "yes":
                await self._disclosures.record_guardian_consent(user_id)
                toast = texts.care_guardian_thanks
            case "unsafe":
                await self._disclosures.record_unsafe_home(user_id)
                region = await self._hotlines.region(user_id)
                text = texts.care_home_unsafe(
                    lines=youth_hotlines(request.language, region),
                    police=numbers_for(request.language, region)["police"],
                )
                await self._outbox.send_text(request.chat_id, text)
            case _:
                await self._outbox.send_text(request.chat_id, texts.care_guardian_later)
        await self._outbox.edit_keyboard(request.chat_id, request.message_id, None)
        return toast

    async def _give(self, pending: PendingNotice) -> Disclosure:
        """Say it, and store that; what is known of the person then."""
        asks_age = pending.notice is Notice.AGE
        asks = asks_age or pending.notice is Notice.GUARDIAN
        texts = texts_for(pending.language)
        keyboard = None
        if asks_age:
            keyboard = ask_age(texts, pending.user_id)
        elif asks:
            keyboard = ask_guardian(texts, pending.user_id)
        try:
            text = await self._words(pending, texts)
            await self._outbox.send_text(pending.user_id, text, keyboard)
            now = self._now()
            known = disclosure_policy.wrote(pending.known, now)
            known = disclosure_policy.given(known, pending.notice, now, asked=asks)
            await self._disclosures.record(pending.user_id, known)
        except (Unreachable, Undeliverable, StorageError) as error:
            # Still pending: the next message brings it.
            log.warning("notice_not_given", notice=pending.notice, error=type(error).__name__)
            return pending.known
        await self._counters.add(f"notice_{pending.notice}")
        return known

    async def _words(self, pending: PendingNotice, texts: Texts) -> str:
        match pending.notice:
            case Notice.FIRST:
                parts = [texts.care_first]
                if self._serving().is_trial:
                    parts.append(texts.start_trial)
                return "\n\n".join(parts)
            case Notice.AGE:
                # Who was in danger at first contact has not been asked before.
                return texts.care_ask_age_again if pending.known.asked else texts.care_ask_age
            case Notice.ELDERLY:
                region = await self._hotlines.region(pending.user_id)
                return texts.care_elderly(police=numbers_for(pending.language, region)["police"])
            case _:
                plain = {
                    Notice.RETURN: texts.care_return,
                    Notice.SESSION: texts.care_session,
                    Notice.REMINDER: texts.care_reminder,
                    Notice.BREAK: texts.care_break,
                    Notice.LEANING: texts.care_leaning,
                    Notice.GUARDIAN: texts.care_child,
                }
                return plain[pending.notice]


def ask_age(texts: Texts, user_id: int) -> InlineKeyboardMarkup:
    """Under the question whether a person is 18."""
    return button_row(
        (texts.care_age_adult, f"age:adult:{user_id}"),
        (texts.care_age_minor, f"age:minor:{user_id}"),
        (texts.care_age_unsaid, f"age:unsaid:{user_id}"),
    )


def welcome_back(texts: Texts, user_id: int) -> InlineKeyboardMarkup:
    """Under the welcome of who has said their age: how to begin, and the way to say another."""
    begin = begin_buttons(texts, user_id).inline_keyboard
    change = button_row((texts.care_age_change, f"age:change:{user_id}")).inline_keyboard
    return InlineKeyboardMarkup([*begin, *change])


def ask_under_14(texts: Texts, user_id: int) -> InlineKeyboardMarkup:
    """Under the question whether a person under 18 is 14."""
    return button_row(
        (texts.care_age_teen, f"age:teen:{user_id}"),
        (texts.care_age_child, f"age:child:{user_id}"),
    )


def ask_guardian(texts: Texts, user_id: int) -> InlineKeyboardMarkup:
    """Under the question whether a guardian agrees."""
    return button_rows(
        [
            [(texts.care_guardian_yes, f"guardian:yes:{user_id}")],
            [
                (texts.care_guardian_no, f"guardian:no:{user_id}"),
                (texts.care_guardian_unsafe, f"guardian:unsafe:{user_id}"),
            ],
        ]
    )
