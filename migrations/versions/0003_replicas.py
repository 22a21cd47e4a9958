"""Several replicas: jobs that run once, a stop that reaches whoever answers, a limit told once.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("until", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_jobs"),
    )
    op.add_column(
        "turns",
        sa.Column("stop_requested", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.add_column("users", sa.Column("limit_told_at", _MOMENT))


def downgrade() -> None:
    op.drop_column("users", "limit_told_at")
    op.drop_column("turns", "stop_requested")
    op.drop_table("jobs")
