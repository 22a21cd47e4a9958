"""What people think of answers, and whether that may help to train.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("turns", sa.Column("model", sa.String(128)))
    op.create_table(
        "ratings",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("turn_id", _ROW_ID, nullable=False),
        sa.Column("answered_at", _MOMENT, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("rating", sa.String(16), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("rewritten", sa.LargeBinary()),
        sa.Column("model", sa.String(128), nullable=False),
        sa.Column("invitation_id", sa.BigInteger()),
        sa.Column("rated_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ratings"),
        sa.ForeignKeyConstraint(["turn_id"], ["turns.id"], name="fk_ratings_turn_id_turns"),
        sa.UniqueConstraint("turn_id", "answered_at", name="uq_ratings_turn_id_answered_at"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_ratings_user_id", "ratings", ["user_id"])
    op.create_table(
        "training_consents",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_training_consents"),
    )


def downgrade() -> None:
    op.drop_table("training_consents")
    op.drop_table("ratings")
    op.drop_column("turns", "model")
