"""Earlier versions of an answer, what was wrong with the last one, and whether it has buttons.

Revision ID: 0028
Revises: 0027
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "answer_versions",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("turn_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("model", sa.String(128)),
        sa.Column("answered_at", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_answer_versions"),
        sa.UniqueConstraint("turn_id", "number", name="uq_answer_versions_turn_id_number"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_answer_versions_user_id", "answer_versions", ["user_id"])
    op.add_column(
        "turns", sa.Column("version", sa.Integer(), nullable=False, server_default=sa.text("1"))
    )
    op.add_column("turns", sa.Column("wish", sa.String(16)))
    op.add_column("turns", sa.Column("message_spans", sa.String(1024)))
    op.add_column(
        "turns",
        sa.Column("has_buttons", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column("turns", sa.Column("buttons_before", sa.BigInteger()))


def downgrade() -> None:
    for column in ("buttons_before", "has_buttons", "message_spans", "wish", "version"):
        op.drop_column("turns", column)
    op.drop_table("answer_versions")
