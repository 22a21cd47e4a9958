"""People, and what is said in chats: conversations, turns, updates."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLAlchemy reads it
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from bot.storage.db.leases import LeaseColumns
from bot.storage.db.types import LanguageTag
from bot.storage.models.base import MAX_MODEL, MAX_REASON, Base, Lane, RowId, TurnState, UpdateState


class UserRow(Base):
    """A person, under the id Telegram gave them."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    language_code: Mapped[str | None] = mapped_column(LanguageTag)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    unreachable_at: Mapped[datetime | None]
    limit_told_at: Mapped[datetime | None]
    """When the person was last told that they have reached the limit of a day."""
    region: Mapped[str | None] = mapped_column(sa.String(8))
    check_ins_off_at: Mapped[datetime | None]
    retention_told_at: Mapped[datetime | None]
    """When the person was told that what is kept of them goes, as they do not write."""
    admitted_at: Mapped[datetime | None]
    """Since when the person may use the bot where not everybody may; none of who was refused."""
    invite_id: Mapped[int | None]
    """By which invite they came, if by one."""
    pause_told_at: Mapped[datetime | None]
    """When the person was last told that answers wait for the end of maintenance."""


class ConversationRow(Base):
    """What is said in a chat between two resets."""

    __tablename__ = "conversations"
    # Row ids are never used a second time: ciphertexts and buttons refer to them.
    __table_args__ = (
        sa.Index(
            "uq_conversations_open_chat",
            "chat_id",
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
        sa.Index(None, "chat_id"),
        sa.Index(None, "fold_due_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    chat_id: Mapped[int]
    revision: Mapped[int] = mapped_column(sa.Integer, server_default=sa.text("0"))
    """Grows with every change of what is remembered; copies of the history carry it."""
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    fold_due_at: Mapped[datetime | None]
    """When what was said is to be folded into what is remembered; None: all of it is."""
    folded_number: Mapped[int] = mapped_column(sa.Integer, server_default=sa.text("0"))
    """The last turn that was folded."""


class TurnRow(LeaseColumns, Base):
    """What a person said at once and what was answered."""

    __tablename__ = "turns"
    __table_args__ = (
        sa.UniqueConstraint("conversation_id", "number"),
        # One turn at a time in a chat, in whatever replica: the database says so, not the program.
        sa.Index(
            "uq_turns_unfinished_chat",
            "chat_id",
            unique=True,
            sqlite_where=sa.text("state IN ('pending', 'answering')"),
            postgresql_where=sa.text("state IN ('pending', 'answering')"),
        ),
        sa.Index(None, "chat_id", "id"),
        sa.Index(None, "user_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    conversation_id: Mapped[int] = mapped_column(sa.ForeignKey(ConversationRow.id))
    chat_id: Mapped[int]
    number: Mapped[int] = mapped_column(sa.Integer)
    user_id: Mapped[int]
    state: Mapped[TurnState]
    user_text: Mapped[bytes]
    answer: Mapped[bytes | None]
    answer_message_id: Mapped[int | None]
    reply_to_message_id: Mapped[int | None]
    created_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(sa.Integer)
    failure: Mapped[str | None] = mapped_column(sa.String(MAX_REASON))
    stop_requested: Mapped[bool] = mapped_column(server_default=sa.false())
    """The owner of its lease is to stop, for a person's word or for danger behind it."""
    model: Mapped[str | None] = mapped_column(sa.String(MAX_MODEL))
    """Which model wrote the answer, where that may be rated; none of any other answer."""
    version: Mapped[int] = mapped_column(sa.Integer, server_default=sa.text("1"))
    """Which version of its answer it has; the others are `AnswerVersionRow`s."""
    wish: Mapped[str | None] = mapped_column(sa.String(16))
    """What was wrong with the version before, by its person's word."""
    message_spans: Mapped[str | None] = mapped_column(sa.String(1024))
    """Where each of its messages stands in its text, for an edit: JSON of numbers."""
    has_buttons: Mapped[bool] = mapped_column(server_default=sa.false())
    """Whether buttons for this answer stand under the message that shows it."""
    buttons_before: Mapped[int | None]
    """The message of the chat that had such buttons when the turn began."""


class AnswerVersionRow(Base):
    """A version of an answer that is not shown: one before or behind the one in its turn."""

    __tablename__ = "answer_versions"
    __table_args__ = (
        sa.UniqueConstraint("turn_id", "number"),
        sa.Index(None, "user_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    turn_id: Mapped[int]
    user_id: Mapped[int]
    chat_id: Mapped[int]
    number: Mapped[int] = mapped_column(sa.Integer)
    answer: Mapped[bytes]
    model: Mapped[str | None] = mapped_column(sa.String(MAX_MODEL))
    answered_at: Mapped[datetime | None]


class RedoRow(Base):
    """That a person had an answer made again; kept as long as it counts for their day."""

    __tablename__ = "redos"
    __table_args__ = (sa.Index(None, "user_id", "at"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    user_id: Mapped[int]
    at: Mapped[datetime]


class UpdateRow(LeaseColumns, Base):
    """An update of Telegram, stored before Telegram is told that it arrived."""

    __tablename__ = "updates"
    __table_args__ = (
        sa.Index(None, "state", "chat_id", "update_id"),
        sa.Index(None, "received_at"),
        sa.Index(None, "turn_id"),
    )

    update_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    chat_id: Mapped[int | None]
    lane: Mapped[Lane]
    state: Mapped[UpdateState]
    payload: Mapped[bytes | None]
    received_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(sa.Integer)
    reason: Mapped[str | None] = mapped_column(sa.String(MAX_REASON))
    turn_id: Mapped[int | None] = mapped_column(sa.ForeignKey(TurnRow.id, ondelete="SET NULL"))


# Written out rather than bound, so that SQLite sees that the partial index answers the question.
TURN_IS_UNFINISHED: Final = TurnRow.state.in_(
    [sa.literal_column("'pending'"), sa.literal_column("'answering'")]
)
