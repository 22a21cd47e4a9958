"""Safety plans: their lines, and which step a person is being asked.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "safety_plans",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("asked", sa.String(16)),
        sa.Column("asked_before", sa.String(16)),
        sa.Column("walks", sa.Boolean(), nullable=False),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.Column("shown_in", sa.BigInteger()),
        sa.PrimaryKeyConstraint("user_id", name="pk_safety_plans"),
    )
    op.create_table(
        "safety_plan_lines",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.String(16), nullable=False),
        sa.Column("message_id", sa.BigInteger()),
        sa.Column("said", sa.LargeBinary(), nullable=False),
        sa.Column("written_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_safety_plan_lines"),
        sa.UniqueConstraint(
            "user_id", "message_id", name="uq_safety_plan_lines_user_id_message_id"
        ),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("safety_plan_lines")
    op.drop_table("safety_plans")
