"""Danger: its levels, cards, the talk about it, check-ins."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLAlchemy reads it

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from bot.storage.db.leases import LeaseColumns
from bot.storage.db.types import LanguageTag
from bot.storage.models.base import Base, CardState


class CrisisCardRow(LeaseColumns, Base):
    """A crisis card that is owed or was sent, stored together with the update that asked for it.

    An update has one for each level it was read at: a second one where its turn, read with what
    was said before, turned out to be more serious than the update alone.
    """

    __tablename__ = "crisis_cards"
    __table_args__ = (
        sa.Index(None, "state", "lease_until"),
        sa.Index(None, "user_id", "created_at"),
    )

    update_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    level: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    chat_id: Mapped[int]
    user_id: Mapped[int]
    language_code: Mapped[str | None] = mapped_column(LanguageTag)
    repeated: Mapped[bool]
    number: Mapped[int] = mapped_column(sa.Integer)
    state: Mapped[CardState]
    created_at: Mapped[datetime]
    danger: Mapped[str | None] = mapped_column(sa.String(32))
    heard: Mapped[str | None] = mapped_column(sa.String(32))
    """The id of the sentence that takes up what was said."""


class CrisisTalkRow(Base):
    """What a person in danger is met for, and the message that has the crisis buttons now."""

    __tablename__ = "crisis_talks"

    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    danger: Mapped[str | None] = mapped_column(sa.String(32))
    danger_at: Mapped[datetime | None]
    buttons_message_id: Mapped[int | None]


class CrisisQuestionRow(Base):
    """A question of the protocol that a person was asked, or has answered; names, no words.

    `number` orders what was said to one person; `turn_id` is the turn it was said in, None for a
    card or a button.
    """

    __tablename__ = "crisis_questions"

    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    question: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    number: Mapped[int | None] = mapped_column(sa.Integer)
    turn_id: Mapped[int | None]
    asked_at: Mapped[datetime | None]
    answer: Mapped[str | None] = mapped_column(sa.String(16))
    answered_at: Mapped[datetime | None]


class RiskRow(Base):
    """Until when a level of danger is kept in mind of a person; none is deleted by a reset.

    `chat_id` is where it was told: what was told in private is nothing for a group.
    """

    __tablename__ = "risk"

    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    chat_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    level: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    raised_at: Mapped[datetime]
    """When it was last seen."""
    holds_since: Mapped[datetime]
    """Since when it has held without a break; not moved where it is seen again."""
    until: Mapped[datetime]


class CheckInRow(Base):
    """When to ask after a person, at most once in an episode."""

    __tablename__ = "check_ins"
    __table_args__ = (sa.Index(None, "due_at"),)

    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    due_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    """When a replica took it over to send it; unset again where that did not work."""
