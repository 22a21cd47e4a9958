"""What a person in danger was asked and has answered, and which danger a card is for.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "crisis_talks",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("danger", sa.String(32)),
        sa.Column("danger_at", _MOMENT),
        sa.Column("buttons_message_id", sa.BigInteger()),
        sa.PrimaryKeyConstraint("user_id", name="pk_crisis_talks"),
    )
    op.create_table(
        "crisis_questions",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("question", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer()),
        sa.Column("turn_id", sa.BigInteger()),
        sa.Column("asked_at", _MOMENT),
        sa.Column("answer", sa.String(16)),
        sa.Column("answered_at", _MOMENT),
        sa.PrimaryKeyConstraint("user_id", "question", name="pk_crisis_questions"),
    )
    with op.batch_alter_table("crisis_cards") as table:
        table.add_column(sa.Column("danger", sa.String(32)))
        table.add_column(sa.Column("heard", sa.String(32)))


def downgrade() -> None:
    with op.batch_alter_table("crisis_cards") as table:
        table.drop_column("heard")
        table.drop_column("danger")
    op.drop_table("crisis_questions")
    op.drop_table("crisis_talks")
