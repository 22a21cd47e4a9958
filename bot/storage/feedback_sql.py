"""How ratings and consents are read and changed: functions over a connection."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from bot.storage.db.dialect import insert
from bot.storage.models import (
    ConversationRow,
    CrisisCardRow,
    DisclosureRow,
    RatingRow,
    RiskRow,
    TrainingConsentRow,
    TurnRow,
)
from bot.storage.turns import turn as turn_rows
from bot.storage.values import CARD_FROM, RatedAnswer, RatedConversation, RatingResult

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.storage.db.dialect import AnyRow
    from bot.storage.db.encryption import Cipher
    from bot.storage.values import ConsentState, Rating

DANGER_BEFORE: Final = timedelta(days=2)
"""Danger so long before a talk counts as danger in it: its first message may have waited."""

_YOUNG: Final = ("minor", "teen", "child")


@dataclass(frozen=True, slots=True)
class NewRating:
    """What one person thinks of one turn's answer."""

    user_id: int
    turn_id: int
    rating: Rating
    at: datetime


def answer_context(turn_id: int) -> bytes:
    """Where the ciphertext of a rated answer belongs."""
    return b"ratings.answer:%d" % turn_id


def rewritten_context(turn_id: int) -> bytes:
    """Where the ciphertext of a person's own wording belongs."""
    return b"ratings.rewritten:%d" % turn_id


_RATING: Final = sa.select(
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


def may_rate(connection: sa.Connection, user_id: int, turn_id: int) -> bool:
    """Whether there is something to rate."""
    return bool(connection.scalar(sa.select(sa.exists().where(_ratable(user_id, turn_id)))))


def rate(connection: sa.Connection, cipher: Cipher, judgement: NewRating) -> RatingResult | None:
    """Write a rating in place of an earlier one of the same answer."""
    user_id, turn_id = judgement.user_id, judgement.turn_id
    turn = connection.execute(
        sa.select(TurnRow.answer, TurnRow.answered_at, TurnRow.model).where(
            _ratable(user_id, turn_id)
        )
    ).one_or_none()
    if turn is None:
        return None
    consent = consent_of(connection, user_id)
    if consent == "no":
        return RatingResult(consent)
    answer = cipher.decrypt(turn.answer, turn_rows.answer_context(turn_id))
    statement = insert(connection, RatingRow).values(
        turn_id=turn_id,
        answered_at=turn.answered_at,
        user_id=user_id,
        rating=judgement.rating,
        answer=cipher.encrypt(answer, answer_context(turn_id)),
        model=turn.model,
        rated_at=judgement.at,
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["turn_id", "answered_at"],
            set_={
                "rating": judgement.rating,
                "rated_at": judgement.at,
                "rewritten": None,
                "invitation_id": None,
            },
            where=RatingRow.rating != judgement.rating,
        )
    )
    if consent is not None:
        return RatingResult(consent)
    asked = insert(connection, TrainingConsentRow).values(
        user_id=user_id, state="asked", at=judgement.at
    )
    first = connection.execute(asked.on_conflict_do_nothing(index_elements=["user_id"]))
    return RatingResult("asked", asks=first.rowcount == 1)


def take_back(connection: sa.Connection, user_id: int, turn_id: int) -> bool:
    """Delete the rating of the answer that a turn has now."""
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


def consent_of(connection: sa.Connection, user_id: int) -> ConsentState | None:
    """What a person answered."""
    return connection.scalar(
        sa.select(TrainingConsentRow.state).where(TrainingConsentRow.user_id == user_id)
    )


def answer(connection: sa.Connection, user_id: int, state: ConsentState, now: datetime) -> None:
    """Write what a person answered; a no deletes what they rated."""
    values = {"state": state, "at": now}
    statement = insert(connection, TrainingConsentRow).values(user_id=user_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["user_id"], set_=values))
    if state == "no":
        connection.execute(sa.delete(RatingRow).where(RatingRow.user_id == user_id))


def disliked(connection: sa.Connection, user_id: int) -> tuple[int, int | None] | None:
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


def invite(connection: sa.Connection, user_id: int, turn_id: int, message_id: int) -> None:
    """Tie a message to the newest dislike of a turn."""
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


def rewrite(
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
    sealed = cipher.encrypt_text(text, rewritten_context(row.turn_id))
    connection.execute(sa.update(RatingRow).where(RatingRow.id == row.id).values(rewritten=sealed))
    return True


def of_user(connection: sa.Connection, user_id: int) -> Sequence[AnyRow]:
    """What a person rated, sealed, in the order they did."""
    return connection.execute(
        _RATING.where(RatingRow.user_id == user_id).order_by(RatingRow.id)
    ).all()


def decrypted(row: AnyRow, cipher: Cipher) -> RatedAnswer:
    """A rating, decrypted."""
    rewritten = row.rewritten
    return RatedAnswer(
        text=cipher.decrypt_text(row.answer, answer_context(row.turn_id)),
        rating=row.rating,
        rewritten=None
        if rewritten is None
        else cipher.decrypt_text(rewritten, rewritten_context(row.turn_id)),
        model=row.model,
        rated_at=row.rated_at,
    )


def erase(connection: sa.Connection, user_id: int) -> None:
    """Delete what a person rated and what they answered."""
    connection.execute(sa.delete(RatingRow).where(RatingRow.user_id == user_id))
    connection.execute(sa.delete(TrainingConsentRow).where(TrainingConsentRow.user_id == user_id))


def list_consented_conversations(connection: sa.Connection, since: datetime | None) -> list[int]:
    """Conversations with something rated by people who agreed and did not say they are under 18."""
    young = sa.select(DisclosureRow.user_id).where(DisclosureRow.age.in_(_YOUNG))
    statement = (
        sa.select(TurnRow.conversation_id)
        .distinct()
        .join(RatingRow, RatingRow.turn_id == TurnRow.id)
        .join(TrainingConsentRow, TrainingConsentRow.user_id == RatingRow.user_id)
        .where(TrainingConsentRow.state == "yes", RatingRow.user_id.not_in(young))
        .order_by(TurnRow.conversation_id)
    )
    if since is not None:
        statement = statement.where(RatingRow.rated_at >= since)
    return list(connection.scalars(statement))


def talk(
    connection: sa.Connection, cipher: Cipher, conversation_id: int, since: datetime | None
) -> RatedConversation:
    """One conversation, decrypted, with its rated answers."""
    rows = connection.execute(
        sa.select(
            TurnRow.id, TurnRow.conversation_id, TurnRow.number, TurnRow.user_text, TurnRow.answer
        )
        .where(TurnRow.conversation_id == conversation_id)
        .order_by(TurnRow.number)
    ).all()
    numbers = {row.id: row.number for row in rows}
    rated: dict[int, list[RatedAnswer]] = defaultdict(list)
    for row in connection.execute(
        _RATING.join(TurnRow, TurnRow.id == RatingRow.turn_id)
        .where(TurnRow.conversation_id == conversation_id)
        .order_by(RatingRow.answered_at)
    ):
        rated[numbers[row.turn_id]].append(decrypted(row, cipher))
    return RatedConversation(
        turns=tuple(turn_rows.past(row, cipher) for row in rows),
        rated={
            number: tuple(answers)
            for number, answers in sorted(rated.items())
            if since is None or any(one.rated_at >= since for one in answers)
        },
        danger=_in_danger(connection, conversation_id),
    )


def _in_danger(connection: sa.Connection, conversation_id: int) -> bool:
    """Whether a card was shown around a conversation, or danger was kept in mind meanwhile."""
    row = connection.execute(
        sa.select(
            ConversationRow.chat_id, ConversationRow.started_at, ConversationRow.ended_at
        ).where(ConversationRow.id == conversation_id)
    ).one()
    carded = [
        CrisisCardRow.chat_id == row.chat_id,
        CrisisCardRow.created_at >= row.started_at - DANGER_BEFORE,
    ]
    # A private chat has its person's id.
    kept = [
        RiskRow.user_id == row.chat_id,
        RiskRow.level >= CARD_FROM,
        RiskRow.until >= row.started_at,
    ]
    if row.ended_at is not None:
        carded.append(CrisisCardRow.created_at <= row.ended_at)
        kept.append(RiskRow.raised_at <= row.ended_at)
    return bool(
        connection.scalar(sa.select(sa.or_(sa.exists().where(*carded), sa.exists().where(*kept))))
    )
