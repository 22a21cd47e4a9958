"""Who may use the bot and who runs it: admissions, invites, bans, roles, quotas, switches.

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("users") as table:
        table.add_column(sa.Column("admitted_at", _MOMENT))
        table.add_column(sa.Column("invite_id", sa.BigInteger()))
        table.add_column(sa.Column("pause_told_at", _MOMENT))
    op.execute("UPDATE users SET admitted_at = created_at")  # who was in stays in
    op.create_table(
        "invites",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("made_by", sa.BigInteger(), nullable=False),
        sa.Column("made_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_invites"),
        sa.UniqueConstraint("code_hash", name="uq_invites_code_hash"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "bans",
        sa.Column("person_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.LargeBinary()),
        sa.Column("banned_by", sa.BigInteger(), nullable=False),
        sa.Column("banned_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("person_id", name="pk_bans"),
    )
    op.create_table(
        "role_grants",
        sa.Column("holder_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("role", sa.Integer(), nullable=False),
        sa.Column("granted_by", sa.BigInteger(), nullable=False),
        sa.Column("granted_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("holder_id", name="pk_role_grants"),
    )
    op.create_table(
        "quotas",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("answers_per_day", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_quotas"),
    )
    op.create_table(
        "switches",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("on_since", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_switches"),
    )


def downgrade() -> None:
    for name in ("switches", "quotas", "role_grants", "bans", "invites"):
        op.drop_table(name)
    with op.batch_alter_table("users") as table:
        for name in ("pause_told_at", "invite_id", "admitted_at"):
            table.drop_column(name)
