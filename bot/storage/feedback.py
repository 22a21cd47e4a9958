"""What people think of answers, and whether they agreed that it helps to train."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from bot.storage.db.dialect import insert
from bot.storage.db.encryption import Place
from bot.storage.models import RatingRow, TrainingConsentRow, TurnRow
from bot.storage.turns.turn import answer_place

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.storage.db.clock import Clock
    from bot.storage.db.database import Database
    from bot.storage.db.dialect import AnyRow
    from bot.storage.db.encryption import Cipher
    from bot.storage.models import ConsentState, Rating


@dataclass(frozen=True, slots=True)
class RatingResult:
    """What became of a rating. `asks`: the person was never asked, and the caller asks now."""

    consent: ConsentState | None
    asks: bool = False


@dataclass(frozen=True, slots=True)
class RatedAnswer:
    """One answer that a person rated, and how they would have put it, if they said so."""

    text: str
    rating: Rating
    rewritten: str | None
    model: str
    rated_at: datetime


class Feedback:
    """Ratings and consents. Each method is one transaction.

    Who said no keeps nothing here: their ratings are deleted with the no, and none are added. Who
    was asked and has not answered keeps ratings that are used only once they agree.
    """

    def __init__(self, database: Database, cipher: Cipher, clock: Clock) -> None:
        self._database = database
        self._cipher = cipher
        self._clock = clock

    async def rate(
        self, user_id: int, turn_id: int, rating: Rating, *, may_ask: bool = True
    ) -> RatingResult | None:
        """Keep what a person thinks of the answer of their turn, in place of what they thought.

        None where that is not their turn in their private chat, or its answer cannot be rated.
        A person who was never asked for their consent counts as asked from now on, if it may be
        asked for now.
        """
        return await self._database.write(
            _rate, self._cipher, _NewRating(user_id, turn_id, rating, self._clock(), may_ask)
        )

    async def can_rate(self, user_id: int, turn_id: int) -> bool:
        """Whether that is a person's turn in their private chat, with an answer to be rated."""
        return await self._database.read(_can_rate, user_id, turn_id)

    async def withdraw(self, user_id: int, turn_id: int) -> bool:
        """Forget what a person thinks of the answer a turn has now; whether there was something."""
        return await self._database.write(_withdraw, user_id, turn_id)

    async def consent(self, user_id: int) -> ConsentState | None:
        """What a person answered; None: never asked."""
        return await self._database.read(select_consent_for_user, user_id)

    async def give_consent(self, user_id: int) -> None:
        """Remember that a person agrees that what they rated and will rate helps to train."""
        await self._database.write(_answer, user_id, "yes", self._clock())

    async def refuse_consent(self, user_id: int) -> None:
        """Remember that a person does not agree, or no longer, and delete what they rated."""
        await self._database.write(_answer, user_id, "no", self._clock())

    async def last_disliked(self, user_id: int) -> tuple[int, int | None] | None:
        """The turn whose answer a person disliked last and the message that shows it.

        None if there is none, or they were invited to rewrite it.
        """
        return await self._database.read(_select_last_disliked, user_id)

    async def record_invitation(self, user_id: int, turn_id: int, message_id: int) -> None:
        """Note which message invites a person to write how they would have put the answer."""
        await self._database.write(_record_invitation, user_id, turn_id, message_id)

    async def record_rewrite(self, user_id: int, invitation_id: int, text: str) -> bool:
        """Keep how a person would have put an answer; False if that message invites to none.

        It invites no more where they took the rating back, or their consent.
        """
        return await self._database.write(
            _record_rewrite, self._cipher, user_id, invitation_id, text
        )


@dataclass(frozen=True, slots=True)
class _NewRating:
    """What one person thinks of one turn's answer."""

    user_id: int
    turn_id: int
    value: Rating
    at: datetime
    may_ask: bool


def rated_answer_place(user_id: int, turn_id: int, rating_id: int) -> Place:
    """Where the ciphertext of a rated answer belongs."""
    return _place("ratings.answer", user_id, turn_id, rating_id)


def rewritten_place(user_id: int, turn_id: int, rating_id: int) -> Place:
    """Where the ciphertext of a person's own wording belongs."""
    return _place("ratings.rewritten", user_id, turn_id, rating_id)


def _place(column: str, user_id: int, turn_id: int, rating_id: int) -> Place:
    """Only what is said in private can be rated, and a private chat has its person's id."""
    return Place(
        column,
        (turn_id, rating_id),
        user_id=user_id,
        chat_id=user_id,
        version_1=f"{column}:{turn_id}".encode(),
    )


RATING: Final = sa.select(
    RatingRow.id,
    RatingRow.user_id,
    RatingRow.turn_id,
    RatingRow.rating,
    RatingRow.answer,
    RatingRow.rewritten,
    RatingRow.model,
    RatingRow.rated_at,
)


def _ratable(user_id: int, turn_id: int) -> sa.ColumnElement[bool]:
    """Of a person's own turn, in their private chat, answered by a model that may be rated."""
    return sa.and_(
        TurnRow.id == turn_id,
        TurnRow.user_id == user_id,
        TurnRow.chat_id == user_id,
        TurnRow.state == "answered",
        TurnRow.model.is_not(None),
        TurnRow.answer.is_not(None),
    )


def _can_rate(connection: sa.Connection, user_id: int, turn_id: int) -> bool:
    return bool(connection.scalar(sa.select(sa.exists().where(_ratable(user_id, turn_id)))))


def _rate(connection: sa.Connection, cipher: Cipher, rating: _NewRating) -> RatingResult | None:
    """Write a rating in place of an earlier one of the same answer."""
    user_id, turn_id = rating.user_id, rating.turn_id
    turn = connection.execute(
        sa.select(TurnRow.answer, TurnRow.answered_at, TurnRow.model).where(
            _ratable(user_id, turn_id)
        )
    ).one_or_none()
    if turn is None:
        return None
    consent = select_consent_for_user(connection, user_id)
    if consent == "no":
        return RatingResult(consent)
    answer = cipher.decrypt(turn.answer, answer_place(user_id, user_id, turn_id))
    statement = insert(connection, RatingRow).values(
        turn_id=turn_id,
        answered_at=turn.answered_at,
        user_id=user_id,
        rating=rating.value,
        answer=b"",
        model=turn.model,
        rated_at=rating.at,
    )
    rating_id = connection.scalar(
        statement.on_conflict_do_update(
            index_elements=["turn_id", "answered_at"],
            set_={
                "rating": rating.value,
                "rated_at": rating.at,
                "rewritten": None,
                "invitation_id": None,
            },
            where=RatingRow.rating != rating.value,
        ).returning(RatingRow.id)
    )
    if rating_id is not None:
        # The ciphertext is bound to the row's id, which the database gives.
        sealed = cipher.encrypt(answer, rated_answer_place(user_id, turn_id, rating_id))
        connection.execute(
            sa.update(RatingRow).where(RatingRow.id == rating_id).values(answer=sealed)
        )
    if consent is not None or not rating.may_ask:
        return RatingResult(consent)
    asked = insert(connection, TrainingConsentRow).values(
        user_id=user_id, state="asked", at=rating.at
    )
    first = connection.execute(asked.on_conflict_do_nothing(index_elements=["user_id"]))
    return RatingResult("asked", asks=first.rowcount == 1)


def _withdraw(connection: sa.Connection, user_id: int, turn_id: int) -> bool:
    now = sa.select(TurnRow.answered_at).where(TurnRow.id == turn_id).scalar_subquery()
    return (
        connection.execute(
            sa.delete(RatingRow).where(
                RatingRow.user_id == user_id,
                RatingRow.turn_id == turn_id,
                RatingRow.answered_at == now,
            )
        ).rowcount
        > 0
    )


def select_consent_for_user(connection: sa.Connection, user_id: int) -> ConsentState | None:
    """What a person answered."""
    return connection.scalar(
        sa.select(TrainingConsentRow.state).where(TrainingConsentRow.user_id == user_id)
    )


def _answer(connection: sa.Connection, user_id: int, state: ConsentState, now: datetime) -> None:
    """Write what a person answered; a no deletes what they rated."""
    values = {"state": state, "at": now}
    statement = insert(connection, TrainingConsentRow).values(user_id=user_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["user_id"], set_=values))
    if state == "no":
        connection.execute(sa.delete(RatingRow).where(RatingRow.user_id == user_id))


def _select_last_disliked(connection: sa.Connection, user_id: int) -> tuple[int, int | None] | None:
    """A person's newest dislike, if it has no invitation: turn and message."""
    row = connection.execute(
        sa.select(RatingRow.turn_id, RatingRow.invitation_id, TurnRow.answer_message_id)
        .join(TurnRow, TurnRow.id == RatingRow.turn_id)
        .where(RatingRow.user_id == user_id, RatingRow.rating == "down")
        .order_by(RatingRow.rated_at.desc(), RatingRow.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None or row.invitation_id is not None:
        return None
    return row.turn_id, row.answer_message_id


def _record_invitation(
    connection: sa.Connection, user_id: int, turn_id: int, message_id: int
) -> None:
    newest = (
        sa.select(sa.func.max(RatingRow.id))
        .where(
            RatingRow.user_id == user_id, RatingRow.turn_id == turn_id, RatingRow.rating == "down"
        )
        .scalar_subquery()
    )
    connection.execute(
        sa.update(RatingRow).where(RatingRow.id == newest).values(invitation_id=message_id)
    )


def _record_rewrite(
    connection: sa.Connection, cipher: Cipher, user_id: int, invitation_id: int, text: str
) -> bool:
    """Write a person's own wording beside the answer they disliked."""
    row = connection.execute(
        sa.select(RatingRow.id, RatingRow.turn_id).where(
            RatingRow.user_id == user_id,
            RatingRow.invitation_id == invitation_id,
            RatingRow.rating == "down",
        )
    ).one_or_none()
    if row is None:
        return False
    sealed = cipher.encrypt_text(text, rewritten_place(user_id, row.turn_id, row.id))
    connection.execute(sa.update(RatingRow).where(RatingRow.id == row.id).values(rewritten=sealed))
    return True


def select_for_user(connection: sa.Connection, user_id: int) -> Sequence[AnyRow]:
    """What a person rated, sealed, in the order they did."""
    return connection.execute(
        RATING.where(RatingRow.user_id == user_id).order_by(RatingRow.id)
    ).all()


def decrypt_rating(row: AnyRow, cipher: Cipher) -> RatedAnswer:
    """Decrypt a row of `RATING`."""
    row_of = (row.user_id, row.turn_id, row.id)
    rewritten = row.rewritten
    return RatedAnswer(
        text=cipher.decrypt_text(row.answer, rated_answer_place(*row_of)),
        rating=row.rating,
        rewritten=None
        if rewritten is None
        else cipher.decrypt_text(rewritten, rewritten_place(*row_of)),
        model=row.model,
        rated_at=row.rated_at,
    )


def erase_for_user(connection: sa.Connection, user_id: int) -> None:
    """Delete what a person rated and what they answered."""
    connection.execute(sa.delete(RatingRow).where(RatingRow.user_id == user_id))
    connection.execute(sa.delete(TrainingConsentRow).where(TrainingConsentRow.user_id == user_id))
