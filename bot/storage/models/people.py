"""What people have told of themselves and prepared."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLAlchemy reads it

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from bot.storage.models.base import Age, Base, Manner, RowId


class DisclosureRow(Base):
    """What a person was told about the bot and asked about themselves, and when."""

    __tablename__ = "disclosures"

    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    age: Mapped[Age | None]
    guardian_agreed_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]
    asked: Mapped[int] = mapped_column(sa.Integer)
    session_began_at: Mapped[datetime | None]
    last_wrote_at: Mapped[datetime | None]
    break_at: Mapped[datetime | None]
    home_unsafe_at: Mapped[datetime | None]
    leaning_at: Mapped[datetime | None]
    elderly_at: Mapped[datetime | None]
    days_in_row: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    used_today: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    told_briefly: Mapped[bool] = mapped_column(server_default=sa.false())


class PreferenceRow(Base):
    """How a person wants to be spoken to, and between which hours not at all."""

    __tablename__ = "preferences"

    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    language: Mapped[str | None] = mapped_column(sa.String(8))
    manner: Mapped[Manner | None]
    is_brief: Mapped[bool]
    quiet_from: Mapped[int | None] = mapped_column(sa.SmallInteger)
    quiet_until: Mapped[int | None] = mapped_column(sa.SmallInteger)
    time_zone: Mapped[str | None] = mapped_column(sa.String(64))
    changed_at: Mapped[datetime] = mapped_column(index=True)


class EmergencyContactRow(Base):
    """Whom a person wants to call when things are hard, encrypted."""

    __tablename__ = "emergency_contacts"

    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[bytes]
    phone: Mapped[bytes]
    named_at: Mapped[datetime]


class SafetyPlanRow(Base):
    """Which step of their safety plan a person is being asked, and since when."""

    __tablename__ = "safety_plans"

    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    asked: Mapped[str | None] = mapped_column(sa.String(16))
    """The step that is asked; None: nothing is."""
    asked_before: Mapped[str | None] = mapped_column(sa.String(16))
    """The step that was asked before `asked_at`; lines written until then belong to it."""
    walks: Mapped[bool]
    """Whether the next step is asked once this one is answered."""
    asked_at: Mapped[datetime]
    shown_in: Mapped[int | None]
    """The message that asks; None: it is still to be sent."""


class SafetyPlanLineRow(Base):
    """One line of a safety plan, encrypted; `message_id` is the message it was typed in."""

    __tablename__ = "safety_plan_lines"
    __table_args__ = (
        sa.UniqueConstraint("user_id", "message_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    user_id: Mapped[int]
    step: Mapped[str] = mapped_column(sa.String(16))
    message_id: Mapped[int | None]
    said: Mapped[bytes]
    written_at: Mapped[datetime]


class MemoryRow(Base):
    """Whether anything is remembered of a person, and which line they are asked to correct."""

    __tablename__ = "memories"

    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    off_at: Mapped[datetime | None]
    """Since when nothing is remembered; None: it is."""
    asked_line: Mapped[int | None]
    asked_in: Mapped[int | None]
    """The message that asks for the line `asked_line` as it should be."""


class MemoryLineRow(Base):
    """One thing that is remembered of a person, encrypted, until it expires."""

    __tablename__ = "memory_lines"
    __table_args__ = (sa.Index(None, "user_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    user_id: Mapped[int]
    kind: Mapped[str] = mapped_column(sa.String(16))
    said: Mapped[bytes]
    turn_id: Mapped[int | None]
    """The turn in which it was said; none of what the person wrote in place of a line."""
    is_own: Mapped[bool]
    noted_at: Mapped[datetime]
    expires_at: Mapped[datetime]
