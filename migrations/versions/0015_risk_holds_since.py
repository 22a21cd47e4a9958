"""Since when a level of danger has held: one that is seen again was known before.

Revision ID: 0015
Revises: 0014
"""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _put_aside()
    _create(sa.Column("holds_since", _MOMENT, nullable=False))
    op.execute(
        "INSERT INTO risk (user_id, chat_id, level, raised_at, holds_since, until) "
        "SELECT user_id, chat_id, level, raised_at, raised_at, until FROM risk_before"
    )
    op.drop_table("risk_before")


def downgrade() -> None:
    _put_aside()
    _create()
    op.execute(
        "INSERT INTO risk (user_id, chat_id, level, raised_at, until) "
        "SELECT user_id, chat_id, level, raised_at, until FROM risk_before"
    )
    op.drop_table("risk_before")


def _put_aside() -> None:
    op.rename_table("risk", "risk_before")
    if op.get_bind().dialect.name == "postgresql":  # whose names of indexes are the schema's
        op.execute("ALTER INDEX pk_risk RENAME TO pk_risk_before")


def _create(*more: sa.Column[datetime]) -> None:
    op.create_table(
        "risk",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("chat_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("raised_at", _MOMENT, nullable=False),
        *more,
        sa.Column("until", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "chat_id", "level", name="pk_risk"),
    )
