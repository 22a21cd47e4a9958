"""The protocol of a person in danger: what was asked and answered before, and what is said next.

The paths and words are in `bot.safety.protocol`, what is remembered in storage; this brings the
two together. It speaks to one person alone: in a group nothing of it is said.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.safety import (
    AGE,
    BY_OTHERS,
    GOODBYE,
    HELPED,
    OF_ANOTHER,
    Assessment,
    Danger,
    RiskLevel,
    TalkState,
    Told,
    asks_of_another,
    back_question,
    concern_step,
    danger_at_age,
    danger_by_name,
    danger_of,
    help_step,
    is_followed_up,
    needs_card,
    next_step,
    safe_step,
    spoken,
    spoken_again,
    told_by,
    word,
)
from bot.safety.quoted import own_words

if TYPE_CHECKING:
    from bot.locales import Language
    from bot.safety import Region
    from bot.storage import Clock, CrisisTalks, StoredTalk, Turn, Users


@dataclass(frozen=True, slots=True)
class Met:
    """What a person is met for, and with what they are answered."""

    assessment: Assessment
    """What was read in this turn."""
    level: RiskLevel
    """What the turn is treated as."""
    is_minor: bool | None = None
    """What the person has said of their age by a button; None: nothing."""
    is_asked_after: bool = False
    """Whether a check-in is to come."""


class CrisisProtocol:
    """Chooses the next step, and keeps in mind what was said.

    Args:
        talks: what was asked and answered.
        users: know who wants no check-ins.
        now: the moment at which lines have to be open.
    """

    def __init__(self, talks: CrisisTalks, users: Users, now: Clock) -> None:
        self._talks = talks
        self._users = users
        self._now = now

    async def answer(self, turn: Turn, language: Language, region: Region | None, met: Met) -> str:
        """The reviewed answer to a turn; the same when it is repeated.

        Raises:
            StorageError: what was said before is not known, or this cannot be kept.
        """
        stored = await self._talks.for_user(turn.user_id, before_turn=turn.id)
        state = _state(stored, met)
        words = own_words(turn.user_text)
        told = told_by(words, state.danger, state.last_asked)
        if asks_of_another(words, met.assessment.who):
            told = replace(told, asks=OF_ANOTHER)
        step = (
            next_step(state, met.level, told)
            if needs_card(met.level)
            else concern_step(state, told)
        )
        await self._talks.note(
            turn.user_id,
            danger=state.danger.value if needs_card(met.assessment.level) else None,
            asked=step.said,
            answers=told.answers,
            turn_id=turn.id,
        )
        if told.answers.get("check_in") == "no":
            await self._users.disable_check_ins(turn.user_id)
        return spoken(step, language, region, danger=state.danger, at=self._now())

    async def hear(self, turn: Turn) -> None:
        """Keep what a turn answers whose card has asked already. Raises StorageError."""
        stored = await self._talks.for_user(turn.user_id, before_turn=turn.id)
        told = told_by(own_words(turn.user_text), danger_by_name(stored.danger))
        if told.answers:
            await self._talks.note(turn.user_id, answers=told.answers)

    async def is_followed_up(self, turn: Turn) -> bool:
        """Whether a concern was asked about, and the questions behind it still go on.

        Raises StorageError.
        """
        stored = await self._talks.for_user(turn.user_id, before_turn=turn.id)
        state = TalkState(asked=stored.asked, answers=stored.answers)
        if state.last_asked == HELPED:
            told = told_by(own_words(turn.user_text), state.danger, HELPED)
            return told.tells_what_helped or HELPED in told.answers
        return is_followed_up(state)

    async def again(
        self,
        user_id: int,
        level: RiskLevel,
        danger: Danger,
        language: Language,
        region: Region | None,
        *,
        heard: str | None,
        number: int,
    ) -> tuple[str, tuple[str, ...]]:
        """What stands in place of a card that was shown a while ago, and the ids of what it says.

        `heard` is the sentence that takes up what was said, or `GOODBYE`. It is not kept until
        `note_said`: nothing has been said yet. Raises StorageError.
        """
        stored = await self._talks.for_user(user_id)
        state = TalkState(danger, stored.asked, stored.answers)
        says_goodbye = heard == GOODBYE
        told = Told(
            answers=dict(stored.latest),
            heard=None if says_goodbye else heard,
            says_goodbye=says_goodbye,
        )
        step = replace(next_step(state, level, told), aside=None)
        text = spoken_again(step, level, danger, number, language, region, at=self._now())
        return text, step.said

    async def help(
        self, user_id: int, language: Language, region: Region | None, is_minor: bool | None
    ) -> str:
        """Whom a person who presses "I need help" calls in their danger, and one question.

        Raises StorageError: it is not known what they are in, or this cannot be kept.
        """
        stored = await self._talks.for_user(user_id)
        state = _state(stored, Met(Assessment(RiskLevel.HIGH), RiskLevel.HIGH, is_minor))
        step = help_step(state, RiskLevel.HIGH)
        await self._talks.note(user_id, asked=step.said)
        at, danger = self._now(), state.danger
        numbers = word(help_of(danger), language, region, danger=danger, at=at)
        return f"{numbers}\n\n{spoken(step, language, region, danger=danger, at=at)}"

    async def say_safe(
        self, user_id: int, language: Language, region: Region | None, usual: str
    ) -> str:
        """What is said to who says they are safe; `usual`, which asks what helped, to most.

        What helped a beaten person is no merit of theirs, and is not asked. Raises StorageError:
        it is not known what they are in, or this cannot be kept.
        """
        text, asked = await self._asked_of_who_is_safe(user_id, language, region)
        if text is None and await self.danger(user_id) in BY_OTHERS:
            text, asked = word("safe_harm", language, region), ("safe_harm",)
        await self._talks.note(user_id, asked=asked or (HELPED,), answers={"safe": "yes"})
        return text or usual

    async def take_back(
        self, user_id: int, language: Language, region: Region | None, usual: str
    ) -> str:
        """What is said to who takes back what they said; `usual` to most. Raises StorageError."""
        text, asked = await self._asked_of_who_is_safe(user_id, language, region)
        if asked:
            await self._talks.note(user_id, asked=asked)
        return text or usual

    async def _asked_of_who_is_safe(
        self, user_id: int, language: Language, region: Region | None
    ) -> tuple[str | None, tuple[str, ...]]:
        stored = await self._talks.for_user(user_id)
        state = TalkState(danger_by_name(stored.danger), stored.asked, stored.answers)
        step = safe_step(state)
        return (None, ()) if step is None else (spoken(step, language, region), step.said)

    async def note_said(
        self, user_id: int, said: tuple[str, ...], danger: Danger | None = None
    ) -> None:
        """Keep the ids of what was said outside an answer. Raises StorageError."""
        name = danger.value if danger is not None else None
        await self._talks.note(user_id, danger=name, asked=said)

    async def note_check_in(self, user_id: int) -> None:
        """Keep that a person was asked how they are, out of silence. Raises StorageError."""
        danger = await self.danger(user_id)
        await self._talks.note(user_id, asked=(back_question(danger or Danger.SUICIDE),))

    async def note_answer(self, user_id: int, question: str, answer: str) -> None:
        """Keep an answer that was given by a button. Raises StorageError."""
        await self._talks.note(user_id, answers={question: answer})

    async def danger(self, user_id: int) -> Danger | None:
        """What a person is met for; None: it is not known. Raises StorageError."""
        stored = await self._talks.for_user(user_id)
        return danger_by_name(stored.danger) if stored.danger is not None else None

    async def tells_minority(self, user_id: int) -> bool:
        """Whether a person has written in this episode that they are under 18.

        Raises StorageError.
        """
        return (await self._talks.for_user(user_id)).answers.get(AGE) == "minor"


def help_of(danger: Danger) -> str:
    """The id of the text with the numbers for who calls for help in a danger."""
    if danger in BY_OTHERS:
        return "help_harm"
    is_of_another = danger in (Danger.OTHER, Danger.CHILD_OTHER, Danger.OTHER_HARM)
    return "help_other" if is_of_another else "help"


def _state(stored: StoredTalk, met: Met) -> TalkState:
    met_for = danger_by_name(stored.danger) if stored.danger is not None else None
    danger = met_for or Danger.SUICIDE
    is_new = needs_card(met.assessment.level)
    if is_new:
        danger = danger_of(met.assessment, met_for)
    is_minor = True if stored.answers.get(AGE) == "minor" else met.is_minor
    return TalkState(
        danger_at_age(danger, is_minor=is_minor),
        stored.asked,
        stored.answers,
        is_back=met_for is not None and not is_new and not stored.asked,
        is_asked_after=met.is_asked_after,
    )
