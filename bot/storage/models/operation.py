"""What replicas and operators keep for themselves; nothing of people but the audit's ids."""

from __future__ import annotations

from datetime import date, datetime  # noqa: TC003 - SQLAlchemy reads it

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from bot.storage.models.base import Base, RowId


class JobRow(Base):
    """Something that only one replica does, and until when it is that one's."""

    __tablename__ = "jobs"

    name: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    owner: Mapped[str] = mapped_column(sa.String(64))
    until: Mapped[datetime]


class AdminAuditRow(Base):
    """What an administrator did, to whom, and how it ended."""

    __tablename__ = "admin_audit"
    __table_args__ = (sa.Index(None, "at"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    admin_id: Mapped[int]
    action: Mapped[str] = mapped_column(sa.String(64))
    target: Mapped[str] = mapped_column(sa.String(64))
    outcome: Mapped[str] = mapped_column(sa.String(64))
    at: Mapped[datetime]


class CounterRow(Base):
    """How often something happened on a day. Belongs to no person, so no erasure touches it."""

    __tablename__ = "counters"

    day: Mapped[date] = mapped_column(sa.Date, primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    count: Mapped[int]


class ReplicaRow(Base):
    """A process of the bot: which keys it has, and when it was there last."""

    __tablename__ = "replicas"

    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    version: Mapped[str] = mapped_column(sa.String(32))
    key_ids: Mapped[str] = mapped_column(sa.String(255))
    """Ids of its keys, each between spaces; the first one encrypts."""
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    stopped_at: Mapped[datetime | None]


class SchemaCompatibilityRow(Base):
    """One row, written by a migration: the oldest revision whose program works on these tables."""

    __tablename__ = "schema_compatibility"

    oldest_revision: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
