"""Alembic's entry: runs the migrations on a connection it is handed, or on DATABASE_URL."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

from alembic import context

from bot.storage.db.database import Database
from bot.storage.models import Base

if TYPE_CHECKING:
    import sqlalchemy as sa


def run(connection: sa.Connection) -> None:
    """Bring the database behind the connection to the revision Alembic was asked for."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        compare_server_default=True,
        # SQLite alters few things in place; Alembic then builds a new table and copies.
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()


async def run_on_configured_database() -> None:
    """Run on the database of DATABASE_URL, for Alembic's own command line."""
    url = os.environ.get("DATABASE_URL")
    if not url:
        sys.exit("DATABASE_URL is not set; expected postgresql://... or sqlite:///path.")
    database = Database(url)
    try:
        await database.write(run)
    finally:
        await database.aclose()


if context.is_offline_mode():
    sys.exit("Migrations run on a database, not into a script: leave out --sql.")

handed_over = context.config.attributes.get("connection")
if handed_over is not None:
    run(handed_over)
else:
    asyncio.run(run_on_configured_database())
