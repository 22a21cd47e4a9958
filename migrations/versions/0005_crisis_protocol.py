"""Crisis cards that are owed, the danger a person is in, check-ins, and a person's region.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("users", sa.Column("region", sa.String(8)))
    op.add_column("users", sa.Column("check_ins_off_at", _MOMENT))
    op.create_table(
        "crisis_cards",
        sa.Column("update_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("language_code", sa.String(35)),
        sa.Column("repeated", sa.Boolean(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("owner", sa.String(64)),
        sa.Column("lease_until", _MOMENT),
        sa.PrimaryKeyConstraint("update_id", "level", name="pk_crisis_cards"),
    )
    op.create_index("ix_crisis_cards_state_lease_until", "crisis_cards", ["state", "lease_until"])
    op.create_index("ix_crisis_cards_user_id_created_at", "crisis_cards", ["user_id", "created_at"])
    op.create_table(
        "risk",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("raised_at", _MOMENT, nullable=False),
        sa.Column("until", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "level", name="pk_risk"),
    )
    op.create_table(
        "check_ins",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("due_at", _MOMENT),
        sa.Column("sent_at", _MOMENT),
        sa.PrimaryKeyConstraint("user_id", name="pk_check_ins"),
    )
    op.create_index("ix_check_ins_due_at", "check_ins", ["due_at"])


def downgrade() -> None:
    for table in ("check_ins", "risk", "crisis_cards"):
        op.drop_table(table)
    for column in ("check_ins_off_at", "region"):
        op.drop_column("users", column)
