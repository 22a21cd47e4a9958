"""Where a person told of danger: nothing of a private chat counts in a group.

What was kept before counts as told in private, so that no group learns of it.

Revision ID: 0011
Revises: 0010
"""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _put_aside()
    op.create_table(
        "risk",
        _id("user_id"),
        _id("chat_id"),
        *_levels(),
        sa.PrimaryKeyConstraint("user_id", "chat_id", "level", name="pk_risk"),
    )
    op.execute(
        "INSERT INTO risk (user_id, chat_id, level, raised_at, until) "
        "SELECT user_id, user_id, level, raised_at, until FROM risk_before"
    )
    op.drop_table("risk_before")


def downgrade() -> None:
    _put_aside()
    op.create_table(
        "risk",
        _id("user_id"),
        *_levels(),
        sa.PrimaryKeyConstraint("user_id", "level", name="pk_risk"),
    )
    op.execute(
        "INSERT INTO risk (user_id, level, raised_at, until) "
        "SELECT user_id, level, max(raised_at), max(until) FROM risk_before "
        "GROUP BY user_id, level"
    )
    op.drop_table("risk_before")


def _put_aside() -> None:
    op.rename_table("risk", "risk_before")
    if op.get_bind().dialect.name == "postgresql":  # whose names of indexes are the schema's
        op.execute("ALTER INDEX pk_risk RENAME TO pk_risk_before")


def _id(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=False)


def _levels() -> tuple[sa.Column[int], sa.Column[datetime], sa.Column[datetime]]:
    return (
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("raised_at", _MOMENT, nullable=False),
        sa.Column("until", _MOMENT, nullable=False),
    )
