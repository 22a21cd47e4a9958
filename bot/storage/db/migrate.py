"""Whether the tables are the right ones, and how to make them so."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

import migrations
from bot.storage.db.errors import SchemaAhead, SchemaBehind

if TYPE_CHECKING:
    from bot.storage.db.database import Database

# Any number will do, as long as every replica takes the same one.
_MIGRATION_LOCK: Final = 0x5348_5544


class SchemaStatus(Enum):
    """How the database's schema stands to the one this program was written for."""

    EMPTY = "empty"
    BEHIND = "behind"
    CURRENT = "current"
    AHEAD = "ahead"


async def schema_status(database: Database) -> SchemaStatus:
    """Compare the database's revision with this program's."""
    revision = await database.read(_stored_revision)
    if revision is None:
        return SchemaStatus.EMPTY
    if revision not in migrations.REVISIONS:
        return SchemaStatus.AHEAD
    return SchemaStatus.CURRENT if revision == migrations.REVISIONS[-1] else SchemaStatus.BEHIND


async def check_schema(database: Database) -> None:
    """Return if the schema is current. Raises `SchemaBehind` or `SchemaAhead`."""
    match await schema_status(database):
        case SchemaStatus.EMPTY:
            raise SchemaBehind("The database has no tables yet; run `python -m bot migrate`.")
        case SchemaStatus.BEHIND:
            raise SchemaBehind(
                "The database is older than this program; make a backup and run "
                "`python -m bot migrate`."
            )
        case SchemaStatus.AHEAD:
            raise SchemaAhead(
                "The database was migrated by a newer program; start that version, or restore a "
                "backup from before."
            )
        case SchemaStatus.CURRENT:
            return


async def upgrade(database: Database) -> None:
    """Bring the schema to this program's revision, in one transaction.

    Does nothing when it is there already; several processes may try at once. Raises `SchemaAhead`.
    """
    if await schema_status(database) is SchemaStatus.AHEAD:
        await check_schema(database)
    await database.write(_upgrade)


def _stored_revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return revision


def _upgrade(connection: sa.Connection) -> None:
    # Loaded here because a bot whose tables are current never needs it.
    from alembic import command
    from alembic.config import Config

    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
