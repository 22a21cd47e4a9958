"""First tables: users, conversations, turns, the inbox of updates, and the audit of admins.

Revision ID: 0001
Revises: none
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("language_code", sa.String(35)),
        sa.Column("chosen_language", sa.String(35)),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("last_seen_at", _MOMENT, nullable=False),
        sa.Column("unreachable_at", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
    )
    _create_conversations()
    _create_turns()
    _create_updates()
    op.create_table(
        "admin_audit",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("admin_id", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("target", sa.String(64), nullable=False),
        sa.Column("outcome", sa.String(64), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_admin_audit"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_admin_audit_at", "admin_audit", ["at"])


def downgrade() -> None:
    for table in ("admin_audit", "updates", "turns", "conversations", "users"):
        op.drop_table(table)


def _create_conversations() -> None:
    op.create_table(
        "conversations",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_conversations"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_conversations_chat_id", "conversations", ["chat_id"])
    op.create_index(
        "uq_conversations_open_chat",
        "conversations",
        ["chat_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def _create_turns() -> None:
    op.create_table(
        "turns",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("conversation_id", _ROW_ID, nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("user_text", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.LargeBinary()),
        sa.Column("answer_message_id", sa.BigInteger()),
        sa.Column("reply_to_message_id", sa.BigInteger()),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("answered_at", _MOMENT),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failure", sa.String(64)),
        sa.Column("owner", sa.String(64)),
        sa.Column("lease_until", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_turns"),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="fk_turns_conversation_id_conversations"
        ),
        sa.UniqueConstraint("conversation_id", "number", name="uq_turns_conversation_id_number"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_turns_chat_id_id", "turns", ["chat_id", "id"])
    op.create_index("ix_turns_user_id", "turns", ["user_id"])
    op.create_index(
        "uq_turns_unfinished_chat",
        "turns",
        ["chat_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('pending', 'answering')"),
        postgresql_where=sa.text("state IN ('pending', 'answering')"),
    )


def _create_updates() -> None:
    op.create_table(
        "updates",
        sa.Column("update_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("chat_id", sa.BigInteger()),
        sa.Column("lane", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("payload", sa.LargeBinary()),
        sa.Column("received_at", _MOMENT, nullable=False),
        sa.Column("owner", sa.String(64)),
        sa.Column("lease_until", _MOMENT),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(64)),
        sa.Column("turn_id", _ROW_ID),
        sa.PrimaryKeyConstraint("update_id", name="pk_updates"),
        sa.ForeignKeyConstraint(
            ["turn_id"], ["turns.id"], name="fk_updates_turn_id_turns", ondelete="SET NULL"
        ),
    )
    op.create_index(
        "ix_updates_state_chat_id_update_id", "updates", ["state", "chat_id", "update_id"]
    )
    op.create_index("ix_updates_received_at", "updates", ["received_at"])
    op.create_index("ix_updates_turn_id", "updates", ["turn_id"])
