"""Whom a person trusts to be told that they are not well, and what is owed between the two.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "trusted_persons",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("called", sa.LargeBinary(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary()),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("trusted_id", sa.BigInteger()),
        sa.Column("agreed_at", _MOMENT),
        sa.Column("sends", sa.String(16), nullable=False),
        sa.Column("for_harm", sa.Boolean(), nullable=False),
        sa.Column("offered_at", _MOMENT),
        sa.Column("sent_at", _MOMENT),
        sa.Column("seen_at", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_trusted_persons"),
        sa.UniqueConstraint("user_id", name="uq_trusted_persons_user_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_trusted_persons_trusted_id", "trusted_persons", ["trusted_id"])
    op.create_index("ix_trusted_persons_token_hash", "trusted_persons", ["token_hash"])
    op.create_table(
        "trusted_messages",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("link_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("recipient", sa.BigInteger(), nullable=False),
        sa.Column("about", sa.BigInteger()),
        sa.Column("name", sa.LargeBinary()),
        sa.Column("owner", sa.String(64)),
        sa.Column("lease_until", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_trusted_messages"),
        sqlite_autoincrement=True,
    )
    for column in ("lease_until", "recipient", "about"):
        op.create_index(f"ix_trusted_messages_{column}", "trusted_messages", [column])


def downgrade() -> None:
    op.drop_table("trusted_messages")
    op.drop_table("trusted_persons")
