"""Whether the tables are the right ones, and how to make them so."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
import structlog

import migrations
from bot.storage.db.errors import SchemaAhead, SchemaBehind

if TYPE_CHECKING:
    from bot.storage.db.database import Database

log = structlog.get_logger(__name__)

# Any number will do, as long as every replica takes the same one.
_MIGRATION_LOCK: Final = 0x5348_5544


class SchemaStatus(Enum):
    """How the database's schema stands to the one this program was written for."""

    EMPTY = "empty"
    BEHIND = "behind"
    CURRENT = "current"
    NEWER = "newer"
    """Made by a newer program, which says that this one may work on it."""
    AHEAD = "ahead"
    """Made by a newer program, and not fit for this one."""


@dataclass(frozen=True, slots=True)
class _StoredSchema:
    """What the database says of its tables; None where it says nothing."""

    revision: str | None = None
    oldest_compatible: str | None = None


async def schema_status(database: Database) -> SchemaStatus:
    """Compare the database's revision with this program's."""
    stored = await database.read(_stored_schema)
    if stored.revision is None:
        return SchemaStatus.EMPTY
    if stored.revision not in migrations.REVISIONS:
        is_fit = stored.oldest_compatible in migrations.REVISIONS
        return SchemaStatus.NEWER if is_fit else SchemaStatus.AHEAD
    is_newest = stored.revision == migrations.REVISIONS[-1]
    return SchemaStatus.CURRENT if is_newest else SchemaStatus.BEHIND


async def check_schema(database: Database) -> None:
    """Return if the schema is current, or newer and fit. Raises `SchemaBehind` or `SchemaAhead`."""
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
        case SchemaStatus.NEWER:
            log.warning("schema_newer", known=migrations.REVISIONS[-1])
        case SchemaStatus.CURRENT:
            return


def newest_revision() -> str:
    """The revision of the schema that this program was written for."""
    return migrations.REVISIONS[-1]


async def upgrade(database: Database) -> None:
    """Bring the schema to this program's revision, in one transaction.

    Does nothing when it is there already, or beyond and fit; several processes may try at once.
    Raises `SchemaAhead`.
    """
    if await schema_status(database) in {SchemaStatus.AHEAD, SchemaStatus.NEWER}:
        await check_schema(database)
        return
    await database.write(_upgrade)


def _stored_schema(connection: sa.Connection) -> _StoredSchema:
    inspector = sa.inspect(connection)
    if not inspector.has_table("alembic_version"):
        return _StoredSchema()
    revision = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    if not inspector.has_table("schema_compatibility"):
        return _StoredSchema(revision)
    oldest = connection.scalar(sa.text("SELECT oldest_revision FROM schema_compatibility"))
    return _StoredSchema(revision, oldest)


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
    # Written here and not by a revision: what is compatible changes with the newest one.
    connection.execute(sa.text("DELETE FROM schema_compatibility"))
    connection.execute(
        sa.text("INSERT INTO schema_compatibility (oldest_revision) VALUES (:oldest)"),
        {"oldest": migrations.OLDEST_COMPATIBLE},
    )
