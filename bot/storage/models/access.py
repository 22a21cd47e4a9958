"""Who may use the bot, who runs it, and what is switched."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLAlchemy reads it

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from bot.storage.models.base import Base, RowId


class InviteRow(Base):
    """A code that lets people in; of the code only a hash is kept."""

    __tablename__ = "invites"
    __table_args__ = (sa.UniqueConstraint("code_hash"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    code_hash: Mapped[bytes]
    uses: Mapped[int] = mapped_column(sa.Integer)
    """How many people it lets in."""
    used: Mapped[int] = mapped_column(sa.Integer)
    made_by: Mapped[int]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class BanRow(Base):
    """Who may not use the bot any more. No erasure of theirs ends it."""

    __tablename__ = "bans"

    person_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    reason: Mapped[bytes | None]
    """In an admin's words, encrypted."""
    banned_by: Mapped[int]
    banned_at: Mapped[datetime]


class RoleGrantRow(Base):
    """A role that an admin gave in the chat, beside those of the settings."""

    __tablename__ = "role_grants"

    holder_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    role: Mapped[int] = mapped_column(sa.Integer)
    granted_by: Mapped[int]
    granted_at: Mapped[datetime]


class QuotaRow(Base):
    """How many answers a day one person gets, where that differs from the others."""

    __tablename__ = "quotas"

    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    answers_per_day: Mapped[int] = mapped_column(sa.Integer)


class SwitchRow(Base):
    """Something that is on in every replica until it is switched off."""

    __tablename__ = "switches"

    name: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    on_since: Mapped[datetime]
