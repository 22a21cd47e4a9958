"""When people were told that what is kept of them goes, as they do not write.

Revision ID: 0027
Revises: 0026
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("retention_told_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("users", "retention_told_at")
