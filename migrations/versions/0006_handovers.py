"""Hand-overs to a human of the operators, and what that human wrote.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "handovers",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("admin_id", sa.BigInteger()),
        sa.Column("alert_due", sa.Boolean(), nullable=False),
        sa.Column("alerting_until", _MOMENT),
        sa.Column("opened_at", _MOMENT, nullable=False),
        sa.Column("asked_at", _MOMENT),
        sa.Column("told_nobody_at", _MOMENT),
        sa.Column("last_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_handovers"),
        sqlite_autoincrement=True,
    )
    _create_partial_index("uq_handovers_live_user", "user_id", "state <> 'closed'")
    _create_partial_index("uq_handovers_taken_admin", "admin_id", "state = 'taken'")
    op.create_index("ix_handovers_state", "handovers", ["state"])
    op.create_table(
        "handover_messages",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("said", sa.LargeBinary(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_handover_messages"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_handover_messages_user_id", "handover_messages", ["user_id"])


def downgrade() -> None:
    op.drop_table("handover_messages")
    op.drop_table("handovers")


def _create_partial_index(name: str, column: str, where: str) -> None:
    condition = sa.text(where)
    op.create_index(
        name,
        "handovers",
        [column],
        unique=True,
        sqlite_where=condition,
        postgresql_where=condition,
    )
