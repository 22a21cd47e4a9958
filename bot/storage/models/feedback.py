"""Ratings of answers, and consent to train on them."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLAlchemy reads it

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from bot.storage.models.base import MAX_MODEL, Base, ConsentState, Rating, RowId
from bot.storage.models.talks import TurnRow


class RatingRow(Base):
    """What a person thinks of one answer, encrypted with it: a second try is another answer."""

    __tablename__ = "ratings"
    __table_args__ = (
        sa.UniqueConstraint("turn_id", "answered_at"),
        sa.Index(None, "user_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    turn_id: Mapped[int] = mapped_column(sa.ForeignKey(TurnRow.id))
    answered_at: Mapped[datetime]
    """When the answer was given; a turn that is answered again has another moment."""
    user_id: Mapped[int]
    rating: Mapped[Rating]
    answer: Mapped[bytes]
    rewritten: Mapped[bytes | None]
    model: Mapped[str] = mapped_column(sa.String(MAX_MODEL))
    invitation_id: Mapped[int | None]
    """The message that invites the person to write how they would have put it."""
    rated_at: Mapped[datetime]


class TrainingConsentRow(Base):
    """Whether a person agreed that what they rated helps to train; no row: never asked."""

    __tablename__ = "training_consents"

    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[ConsentState]
    at: Mapped[datetime]
