"""Exercises: sheets that people write, breathing that is led, the line they are asked for.

Revision ID: 0026
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "asked_lines",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.Column("shown_in", sa.BigInteger()),
        sa.PrimaryKeyConstraint("user_id", name="pk_asked_lines"),
    )
    op.create_table(
        "exercise_sheets",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("exercise", sa.String(16), nullable=False),
        sa.Column("step", sa.String(16), nullable=False),
        sa.Column("begun_at", _MOMENT, nullable=False),
        sa.Column("kept_at", _MOMENT),
        sa.Column("before", sa.SmallInteger()),
        sa.Column("after", sa.SmallInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_exercise_sheets"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_exercise_sheets_user_id_kept_at", "exercise_sheets", ["user_id", "kept_at"])
    op.create_table(
        "exercise_lines",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("sheet_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.String(16), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("said", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_exercise_lines"),
        sa.UniqueConstraint("user_id", "message_id", name="uq_exercise_lines_user_id_message_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_exercise_lines_sheet_id", "exercise_lines", ["sheet_id"])
    op.create_table(
        "breathings",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("pattern", sa.String(16), nullable=False),
        sa.Column("begun_at", _MOMENT, nullable=False),
        sa.Column("owner", sa.String(64)),
        sa.Column("lease_until", _MOMENT),
        sa.PrimaryKeyConstraint("user_id", name="pk_breathings"),
    )


def downgrade() -> None:
    for table in ("breathings", "exercise_lines", "exercise_sheets", "asked_lines"):
        op.drop_table(table)
