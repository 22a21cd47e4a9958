"""What people complain of to who runs the bot."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLAlchemy reads it

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from bot.storage.models.base import Base, RowId


class ComplaintRow(Base):
    """A complaint and its answer, both encrypted; the id is the number that its person is told."""

    __tablename__ = "complaints"
    __table_args__ = (sa.Index(None, "user_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    user_id: Mapped[int]
    words: Mapped[bytes]
    answer: Mapped[bytes | None]
    made_at: Mapped[datetime]
    due_at: Mapped[datetime]
    """By when it is to be answered."""
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[int | None]
