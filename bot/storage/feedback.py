"""What people think of answers, and whether they agreed that it helps to train."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.storage import feedback_sql as sql

if TYPE_CHECKING:
    from datetime import datetime

    from bot.storage.db.database import Database
    from bot.storage.db.encryption import Cipher
    from bot.storage.values import Clock, ConsentState, RatedConversation, Rating, RatingResult


class Feedback:
    """Ratings and consents. Each method is one transaction.

    Who said no keeps nothing here: their ratings are deleted with the no, and none are added. Who
    was asked and has not answered keeps ratings that nobody uses until they answer.
    """

    def __init__(self, database: Database, cipher: Cipher, clock: Clock) -> None:
        self._database = database
        self._cipher = cipher
        self._clock = clock

    async def rate(self, user_id: int, turn_id: int, rating: Rating) -> RatingResult | None:
        """Keep what a person thinks of the answer of their turn, in place of what they thought.

        None where that is not their turn in their private chat, or its answer cannot be rated.
        Whoever was never asked for their consent counts as asked from now on.
        """
        return await self._database.write(
            sql.rate, self._cipher, sql.NewRating(user_id, turn_id, rating, self._clock())
        )

    async def can_rate(self, user_id: int, turn_id: int) -> bool:
        """Whether that is a person's turn in their private chat, with an answer to be rated."""
        return await self._database.read(sql.may_rate, user_id, turn_id)

    async def withdraw(self, user_id: int, turn_id: int) -> bool:
        """Forget what a person thinks of the answer a turn has now; whether there was something."""
        return await self._database.write(sql.take_back, user_id, turn_id)

    async def consent(self, user_id: int) -> ConsentState | None:
        """What a person answered; None: never asked."""
        return await self._database.read(sql.consent_of, user_id)

    async def give_consent(self, user_id: int) -> None:
        """Remember that a person agrees that what they rated and will rate helps to train."""
        await self._database.write(sql.answer, user_id, "yes", self._clock())

    async def refuse_consent(self, user_id: int) -> None:
        """Remember that a person does not agree, or no longer, and delete what they rated."""
        await self._database.write(sql.answer, user_id, "no", self._clock())

    async def last_disliked(self, user_id: int) -> tuple[int, int | None] | None:
        """The turn whose answer a person disliked last and the message that shows it.

        None if there is none, or they were invited to rewrite it.
        """
        return await self._database.read(sql.disliked, user_id)

    async def record_invitation(self, user_id: int, turn_id: int, message_id: int) -> None:
        """Note which message invites a person to write how they would have put the answer."""
        await self._database.write(sql.invite, user_id, turn_id, message_id)

    async def record_rewrite(self, user_id: int, invitation_id: int, text: str) -> bool:
        """Keep how a person would have put an answer; False if that message invites to none.

        It invites no more where they took the rating back, or their consent.
        """
        return await self._database.write(sql.rewrite, self._cipher, user_id, invitation_id, text)

    async def list_consented_conversations(self, since: datetime | None = None) -> list[int]:
        """Conversations with ratings since a moment by people who agreed, minors left out."""
        return await self._database.read(sql.list_consented_conversations, since)

    async def get_conversation(
        self, conversation_id: int, since: datetime | None = None
    ) -> RatedConversation:
        """A conversation with what was rated in it; only turns with a rating since a moment."""
        return await self._database.read(sql.talk, self._cipher, conversation_id, since)
