"""What people do day by day: exercises, and the line they are asked to write."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLAlchemy reads it

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from bot.storage.db.leases import LeaseColumns
from bot.storage.models.base import Base, RowId


class AskedLineRow(Base):
    """What a person is asked to write, in one line, beside their talk; one thing at a time."""

    __tablename__ = "asked_lines"

    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    purpose: Mapped[str] = mapped_column(sa.String(16))
    """The feature that the line is for."""
    asked_at: Mapped[datetime]
    shown_in: Mapped[int | None]
    """The message that asks; None: it is still to be sent."""


class ExerciseSheetRow(Base):
    """An exercise that is written down; open until `kept_at`, thrown away where it is not kept."""

    __tablename__ = "exercise_sheets"
    __table_args__ = (sa.Index(None, "user_id", "kept_at"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    user_id: Mapped[int]
    exercise: Mapped[str] = mapped_column(sa.String(16))
    step: Mapped[str] = mapped_column(sa.String(16))
    """The step that its person is at."""
    begun_at: Mapped[datetime]
    kept_at: Mapped[datetime | None]
    before: Mapped[int | None] = mapped_column(sa.SmallInteger)
    after: Mapped[int | None] = mapped_column(sa.SmallInteger)
    """How strong the feeling is, 0 to 10, before and after."""


class ExerciseLineRow(Base):
    """One line of a sheet, encrypted; `message_id` is the message it was typed in."""

    __tablename__ = "exercise_lines"
    __table_args__ = (
        sa.UniqueConstraint("user_id", "message_id"),
        sa.Index(None, "sheet_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    sheet_id: Mapped[int]
    user_id: Mapped[int]
    step: Mapped[str] = mapped_column(sa.String(16))
    message_id: Mapped[int]
    said: Mapped[bytes]


class BreathingRow(LeaseColumns, Base):
    """Breathing that is led in a message now; its process holds a lease on it."""

    __tablename__ = "breathings"

    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    message_id: Mapped[int]
    pattern: Mapped[str] = mapped_column(sa.String(16))
    begun_at: Mapped[datetime]
