"""Conversations in which people rated answers and agreed to training: what is exported for it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from bot.storage.crisis_talks import CARD_FROM
from bot.storage.feedback import RATING, decrypt_rating
from bot.storage.models import (
    ConversationRow,
    CrisisCardRow,
    DisclosureRow,
    RatingRow,
    RiskRow,
    TrainingConsentRow,
    TurnRow,
)
from bot.storage.turns.turn import PAST_TURN, decrypt_past_turn

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.storage.db.database import Database
    from bot.storage.db.encryption import Cipher
    from bot.storage.feedback import RatedAnswer
    from bot.storage.turns.turn import PastTurn

DANGER_BEFORE: Final = timedelta(days=2)
"""Danger so long before a conversation counts as its own: its first message may have waited."""

_YOUNG: Final = ("minor", "teen", "child")


@dataclass(frozen=True, slots=True)
class RatedConversation:
    """A conversation in which answers were rated by a person who agreed to training with it.

    `rated` is by the number of the turn, oldest answer first. `danger`: a card was shown, or danger
    kept in mind, around the time of this conversation.
    """

    turns: tuple[PastTurn, ...]
    rated: Mapping[int, tuple[RatedAnswer, ...]]
    danger: bool


class RatedConversations:
    """What may be exported for training. Each method is one transaction."""

    def __init__(self, database: Database, cipher: Cipher) -> None:
        self._database = database
        self._cipher = cipher

    async def list_consented(self, since: datetime | None = None) -> list[int]:
        """Conversations with ratings since a moment by people who agreed, minors left out."""
        return await self._database.read(_select_consented, since)

    async def get(self, conversation_id: int, since: datetime | None = None) -> RatedConversation:
        """A conversation with what was rated in it; only turns with a rating since a moment."""
        return await self._database.read(_read_conversation, self._cipher, conversation_id, since)


def _select_consented(connection: sa.Connection, since: datetime | None) -> list[int]:
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


def _read_conversation(
    connection: sa.Connection, cipher: Cipher, conversation_id: int, since: datetime | None
) -> RatedConversation:
    rows = connection.execute(
        PAST_TURN.where(TurnRow.conversation_id == conversation_id).order_by(TurnRow.number)
    ).all()
    numbers = {row.id: row.number for row in rows}
    rated: dict[int, list[RatedAnswer]] = defaultdict(list)
    for row in connection.execute(
        RATING.join(TurnRow, TurnRow.id == RatingRow.turn_id)
        .where(TurnRow.conversation_id == conversation_id)
        .order_by(RatingRow.answered_at)
    ):
        rated[numbers[row.turn_id]].append(decrypt_rating(row, cipher))
    return RatedConversation(
        turns=tuple(decrypt_past_turn(row, cipher) for row in rows),
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
