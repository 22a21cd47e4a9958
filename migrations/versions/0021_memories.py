"""What is remembered of people, and how far their conversations have been folded into it.

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "memories",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("off_at", _MOMENT),
        sa.Column("asked_line", sa.BigInteger()),
        sa.Column("asked_in", sa.BigInteger()),
        sa.PrimaryKeyConstraint("user_id", name="pk_memories"),
    )
    op.create_table(
        "memory_lines",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("said", sa.LargeBinary(), nullable=False),
        sa.Column("turn_id", sa.BigInteger()),
        sa.Column("is_own", sa.Boolean(), nullable=False),
        sa.Column("noted_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_memory_lines"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_memory_lines_user_id", "memory_lines", ["user_id"])
    op.add_column("conversations", sa.Column("fold_due_at", _MOMENT))
    op.add_column(
        "conversations",
        sa.Column("folded_number", sa.Integer(), nullable=False, server_default=sa.text("0")),
    )
    op.create_index("ix_conversations_fold_due_at", "conversations", ["fold_due_at"])


def downgrade() -> None:
    op.drop_index("ix_conversations_fold_due_at", table_name="conversations")
    op.drop_column("conversations", "folded_number")
    op.drop_column("conversations", "fold_due_at")
    op.drop_table("memory_lines")
    op.drop_table("memories")
