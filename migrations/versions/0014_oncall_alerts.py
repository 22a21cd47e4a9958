"""Alerts to the people on call, each owed until it is out; who left, and who wants no human.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    # Not as a batch, which would build the table anew and lose that its ids are used only once.
    op.drop_column("handovers", "alerting_until")
    for column in (
        sa.Column("series", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("alerted_at", _MOMENT),
        sa.Column("everyone_alerted", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("first_taken_at", _MOMENT),
        sa.Column("left_by", sa.BigInteger()),
        sa.Column("declined_at", _MOMENT),
    ):
        op.add_column("handovers", column)
    op.create_table(
        "handover_alerts",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("handover_id", sa.BigInteger(), nullable=False),
        sa.Column("series", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("message_id", sa.BigInteger()),
        sa.Column("shows", sa.String(16)),
        sa.Column("owner", sa.String(64)),
        sa.Column("lease_until", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_handover_alerts"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_handover_alerts_handover_id", "handover_alerts", ["handover_id"])
    op.create_index(
        "ix_handover_alerts_state_lease_until", "handover_alerts", ["state", "lease_until"]
    )


def downgrade() -> None:
    op.drop_table("handover_alerts")
    for name in (
        *("declined_at", "left_by", "first_taken_at"),
        *("everyone_alerted", "alerted_at", "series"),
    ):
        op.drop_column("handovers", name)
    op.add_column("handovers", sa.Column("alerting_until", _MOMENT))
