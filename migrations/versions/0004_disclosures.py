"""What people were told about the bot and asked about themselves.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "disclosures",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("age", sa.String(16)),
        sa.Column("guardian_agreed_at", _MOMENT),
        sa.Column("told_at", _MOMENT),
        sa.Column("asked_at", _MOMENT),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("session_began_at", _MOMENT),
        sa.Column("last_wrote_at", _MOMENT),
        sa.Column("break_at", _MOMENT),
        sa.PrimaryKeyConstraint("user_id", name="pk_disclosures"),
    )


def downgrade() -> None:
    op.drop_table("disclosures")
