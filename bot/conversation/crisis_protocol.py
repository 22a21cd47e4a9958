"""The protocol of a person in danger: what was asked and answered before, and what is said next.

The paths and words are in `bot.safety.protocol`, what is remembered in storage; this brings the
two together. It speaks to one person alone: in a group nothing of it is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.safety import (
    GOODBYE,
    HELPED,
    Assessment,
    Danger,
    RiskLevel,
    TalkState,
    Told,
    concern_step,
    danger_at_age,
    danger_by_name,
    danger_of,
    is_followed_up,
    needs_card,
    next_step,
    spoken,
    spoken_again,
    told_by,
)
from bot.safety.quoted import own_words

if TYPE_CHECKING:
    from bot.locales import Language
    from bot.safety import Region
    from bot.storage import CrisisTalks, StoredTalk, Turn


class CrisisProtocol:
    """Chooses the next step, and keeps in mind what was said."""

    def __init__(self, talks: CrisisTalks) -> None:
        self._talks = talks

    async def answer(
        self,
        turn: Turn,
        language: Language,
        region: Region | None,
        *,
        assessment: Assessment,
        level: RiskLevel,
        is_minor: bool | None,
    ) -> str:
        """The reviewed answer to a turn that is treated as `level`; the same when it is repeated.

        Raises:
            StorageError: what was said before is not known, or this cannot be kept.
        """
        stored = await self._talks.for_user(turn.user_id, before_turn=turn.id)
        state = _state(stored, assessment, is_minor=is_minor)
        told = told_by(own_words(turn.user_text), state.danger, state.last_asked)
        step = next_step(state, level, told) if needs_card(level) else concern_step(state, told)
        await self._talks.note(
            turn.user_id,
            danger=state.danger.value if needs_card(assessment.level) else None,
            asked=step.said,
            answers=told.answers,
            turn_id=turn.id,
        )
        return spoken(step, language, region)

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
            return told_by(own_words(turn.user_text), state.danger).tells_what_helped
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
        step = next_step(state, level, told)
        return spoken_again(step, level, danger, number, language, region), step.said

    async def note_said(
        self, user_id: int, said: tuple[str, ...], danger: Danger | None = None
    ) -> None:
        """Keep the ids of what was said outside an answer. Raises StorageError."""
        name = danger.value if danger is not None else None
        await self._talks.note(user_id, danger=name, asked=said)

    async def note_safe(self, user_id: int) -> None:
        """Keep that who says they are safe was asked what helped. Raises StorageError."""
        await self._talks.note(user_id, asked=(HELPED,))


def _state(stored: StoredTalk, assessment: Assessment, *, is_minor: bool | None) -> TalkState:
    met_for = danger_by_name(stored.danger) if stored.danger is not None else None
    danger = met_for or Danger.SUICIDE
    if needs_card(assessment.level):
        danger = danger_of(assessment, met_for)
    danger = danger_at_age(danger, is_minor=is_minor)
    return TalkState(danger, stored.asked, stored.answers)
