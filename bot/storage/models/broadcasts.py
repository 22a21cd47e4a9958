"""What admins say to everybody, and to whom it has gone out."""

from __future__ import annotations

from datetime import date, datetime  # noqa: TC003 - SQLAlchemy reads it

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from bot.storage.models.base import Base, BroadcastState, DeliveryState, RowId


class BroadcastRow(Base):
    """A word to everybody: an admin's own, encrypted, or that the service ends on a day."""

    __tablename__ = "broadcasts"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    words: Mapped[bytes | None]
    ends_on: Mapped[date | None] = mapped_column(sa.Date)
    state: Mapped[BroadcastState]
    made_by: Mapped[int]
    made_at: Mapped[datetime]
    begun_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class BroadcastDeliveryRow(Base):
    """What has become of a broadcast for one person; kept until a week after its end."""

    __tablename__ = "broadcast_deliveries"
    __table_args__ = (sa.Index(None, "broadcast_id", "state"),)

    broadcast_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[DeliveryState]
    not_before: Mapped[datetime | None]
    """When a person in danger is looked at again."""
