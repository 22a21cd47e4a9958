"""Nobody ever chose a language: it is the one of a person's Telegram.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("users", "chosen_language")


def downgrade() -> None:
    op.add_column("users", sa.Column("chosen_language", sa.String(35)))
