"""Humans who are brought in: hand-overs, alerts, trusted persons."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLAlchemy reads it

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from bot.storage.db.leases import LeaseColumns
from bot.storage.models.base import (
    AlertKind,
    AlertShows,
    AlertState,
    Base,
    HandoverState,
    HelpIsSent,
    RowId,
    TrustedMessageKind,
)


class HandoverRow(Base):
    """A person whom a human of the operators is asked to write to, or writes to now."""

    __tablename__ = "handovers"
    __table_args__ = (
        # One at a time for a person, and one at a time for an admin: the database says so.
        sa.Index(
            "uq_handovers_live_user",
            "user_id",
            unique=True,
            sqlite_where=sa.text("state <> 'closed'"),
            postgresql_where=sa.text("state <> 'closed'"),
        ),
        sa.Index(
            "uq_handovers_taken_admin",
            "admin_id",
            unique=True,
            sqlite_where=sa.text("state = 'taken'"),
            postgresql_where=sa.text("state = 'taken'"),
        ),
        sa.Index(None, "state"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    user_id: Mapped[int]
    level: Mapped[int] = mapped_column(sa.Integer)
    state: Mapped[HandoverState]
    admin_id: Mapped[int | None]
    alert_due: Mapped[bool]
    opened_at: Mapped[datetime]
    asked_at: Mapped[datetime | None]
    told_nobody_at: Mapped[datetime | None]
    """When the person was told that no human has come."""
    waiting_since: Mapped[datetime | None]
    """The person's first word that the human who took over has not answered."""
    last_at: Mapped[datetime]
    series: Mapped[int] = mapped_column(sa.Integer, server_default=sa.text("0"))
    """Grows each time the people on call are called anew, from the first of them on."""
    alerted_at: Mapped[datetime | None]
    """When those were called whose answer is waited for now."""
    everyone_alerted: Mapped[bool] = mapped_column(server_default=sa.false())
    first_taken_at: Mapped[datetime | None]
    left_by: Mapped[int | None]
    """The admin who had it and gave it away, or went silent."""
    declined_at: Mapped[datetime | None]
    """When the person said that they want no human."""


class HandoverAlertRow(LeaseColumns, Base):
    """A message that calls somebody on call, owed until Telegram has taken it."""

    __tablename__ = "handover_alerts"
    __table_args__ = (
        sa.Index(None, "handover_id"),
        sa.Index(None, "state", "lease_until"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    handover_id: Mapped[int]
    series: Mapped[int] = mapped_column(sa.Integer)
    recipient: Mapped[int]
    kind: Mapped[AlertKind]
    state: Mapped[AlertState]
    message_id: Mapped[int | None]
    shows: Mapped[AlertShows | None]


class HandoverMessageRow(Base):
    """What a human of the operators wrote to a person, encrypted."""

    __tablename__ = "handover_messages"
    __table_args__ = (sa.Index(None, "user_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    user_id: Mapped[int]
    said: Mapped[bytes]
    at: Mapped[datetime]


class TrustedPersonRow(Base):
    """Whom a person trusts to be told that they are not well, once that one has agreed."""

    __tablename__ = "trusted_persons"
    __table_args__ = (
        sa.UniqueConstraint("user_id"),
        sa.Index(None, "trusted_id"),
        sa.Index(None, "token_hash"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    user_id: Mapped[int]
    name: Mapped[bytes]
    """What the person calls the trusted one, encrypted."""
    called: Mapped[bytes]
    """What the trusted one calls the person, encrypted."""
    token_hash: Mapped[bytes | None]
    """Of the token in the link; None once it was used."""
    expires_at: Mapped[datetime]
    trusted_id: Mapped[int | None]
    agreed_at: Mapped[datetime | None]
    sends: Mapped[HelpIsSent]
    for_harm: Mapped[bool]
    """Whether the person wants it where others hurt them, too."""
    offered_at: Mapped[datetime | None]
    """When the person was last asked, or the trusted one told without asking."""
    sent_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]
    """When the trusted one last said that they have read it."""


class TrustedMessageRow(LeaseColumns, Base):
    """A message between the two, owed until Telegram has taken it, and then deleted."""

    __tablename__ = "trusted_messages"
    __table_args__ = (
        sa.Index(None, "lease_until"),
        sa.Index(None, "recipient"),
        sa.Index(None, "about"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    link_id: Mapped[int]
    kind: Mapped[TrustedMessageKind]
    recipient: Mapped[int]
    about: Mapped[int | None]
    """The other one of the two; None: they are erased."""
    name: Mapped[bytes | None]
    """What the recipient calls the other one, encrypted."""
