"""How much a person writes, a home that is not safe, and what was said to the lonely and the old.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("disclosures") as table:
        table.add_column(sa.Column("home_unsafe_at", _MOMENT))
        table.add_column(sa.Column("leaning_at", _MOMENT))
        table.add_column(sa.Column("elderly_at", _MOMENT))
        table.add_column(sa.Column("days_in_row", sa.Integer(), server_default="0", nullable=False))
        table.add_column(sa.Column("used_today", sa.Integer(), server_default="0", nullable=False))
        table.add_column(
            sa.Column("told_briefly", sa.Boolean(), server_default=sa.false(), nullable=False)
        )


def downgrade() -> None:
    with op.batch_alter_table("disclosures") as table:
        for name in ("told_briefly", "used_today", "days_in_row"):
            table.drop_column(name)
        for name in ("elderly_at", "leaning_at", "home_unsafe_at"):
            table.drop_column(name)
