"""A whole database as one encrypted file, and back into an empty one of either kind.

Read through SQLAlchemy in one transaction that sees one moment, while the bot runs. So it needs no
tool of a database and no version of one, and a SQLite can move into a PostgreSQL. Texts stay the
ciphertexts that they are; the file as a whole is encrypted once more, for ids and times.
"""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from bot.storage.db.errors import StorageError
from bot.storage.db.migrate import check_schema, newest_revision, upgrade
from bot.storage.db.types import UtcDateTime
from bot.storage.models import Base
from bot.storage.sealed_file import SealedFileError, SealedReader, SealedWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bot.storage.db.database import Database
    from bot.storage.db.encryption import Cipher

    OnProgress = Callable[[str, int], None]

ROWS_AT_ONCE: Final = 500
_OF_THE_PLACE: Final = frozenset({"schema_compatibility", "jobs"})
"""Tables that belong to the database and its replicas, not to what is kept in it."""
_TABLES: Final = [t for t in Base.metadata.sorted_tables if t.name not in _OF_THE_PLACE]


class NotEmpty(StorageError):
    """A backup is to be restored over something."""


@dataclass(frozen=True, slots=True)
class BackedUp:
    """What a backup holds."""

    made_at: datetime
    rows: dict[str, int]

    @property
    def total(self) -> int:
        """How many rows of all tables together."""
        return sum(self.rows.values())


async def back_up(
    database: Database, cipher: Cipher, path: Path, made_at: datetime, on_progress: OnProgress
) -> BackedUp:
    """Write a new file with everything that is kept at one moment.

    Raises:
        StorageError: the database cannot be read; `SealedFileError`: the file not be written.
    """
    await check_schema(database)
    with (
        SealedWriter(path, cipher) as sealed,
        gzip.GzipFile(fileobj=sealed, mode="wb", compresslevel=6) as packed,
    ):
        rows = await database.read(_dump, packed, made_at, on_progress)
    return BackedUp(made_at, rows)


async def restore(
    database: Database, cipher: Cipher, path: Path, on_progress: OnProgress
) -> BackedUp:
    """Put everything of a backup into an empty database, in one transaction.

    Raises:
        NotEmpty: something is kept there already.
        StorageError: it cannot be written; `SealedFileError`: the file is no backup, or damaged.
    """
    with _lines_of(path, cipher) as lines:
        head = _head(lines, path)
        await upgrade(database)
        return await database.write(_load, head, lines, path, on_progress)


def check_backup(cipher: Cipher, path: Path) -> BackedUp:
    """Read a backup to its end, and count what it holds. Raises `SealedFileError`."""
    with _lines_of(path, cipher) as lines:
        head = _head(lines, path)
        counted: Counter[str] = Counter()
        for line in lines:
            value = _parsed(line, path)
            if "end" in value:
                return _counted_as_told(head, counted, value["end"], path)
            counted[value["table"]] += len(value["rows"])
    raise SealedFileError(f"{path} ends too early.")


def _dump(
    connection: sa.Connection, packed: gzip.GzipFile, made_at: datetime, on_progress: OnProgress
) -> dict[str, int]:
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
    head: dict[str, object] = {
        "revision": newest_revision(),
        "made_at": made_at.isoformat(),
        "sequences": _sequences(connection),
    }
    _put(packed, head)
    counted: dict[str, int] = {}
    for table in _TABLES:
        names = [column.name for column in table.columns]
        counted[table.name] = 0
        found = connection.execution_options(yield_per=ROWS_AT_ONCE).execute(sa.select(table))
        for rows in found.partitions():
            plain = [[_plain(value) for value in row] for row in rows]
            _put(packed, {"table": table.name, "columns": names, "rows": plain})
            counted[table.name] += len(plain)
            on_progress(table.name, counted[table.name])
    _put(packed, {"end": counted})
    return counted


def _load(
    connection: sa.Connection,
    head: dict[str, Any],
    lines: Iterator[bytes],
    path: Path,
    on_progress: OnProgress,
) -> BackedUp:
    _require_empty(connection)
    tables = {table.name: table for table in _TABLES}
    counted: Counter[str] = Counter()
    for line in lines:
        value = _parsed(line, path)
        if "end" in value:
            _set_sequences(connection, head["sequences"])
            return _counted_as_told(head, counted, value["end"], path)
        table = tables[value["table"]]
        columns = [table.columns[name] for name in value["columns"]]
        rows = [
            {column.name: _of_plain(column, one) for column, one in zip(columns, row, strict=True)}
            for row in value["rows"]
        ]
        connection.execute(sa.insert(table), rows)
        counted[table.name] += len(rows)
        on_progress(table.name, counted[table.name])
    raise SealedFileError(f"{path} ends too early; nothing was restored.")


def _require_empty(connection: sa.Connection) -> None:
    for table in _TABLES:
        if connection.scalar(sa.select(sa.exists().select_from(table))):
            raise NotEmpty(
                f"The database has rows in {table.name} already; a backup is restored into an "
                "empty one."
            )


def _counted_as_told(
    head: dict[str, Any], counted: Counter[str], told: dict[str, int], path: Path
) -> BackedUp:
    rows = {table.name: counted[table.name] for table in _TABLES}
    if rows != told:
        raise SealedFileError(f"{path} does not hold as many rows as it says.")
    return BackedUp(datetime.fromisoformat(head["made_at"]), rows)


def _numbered(table: sa.Table) -> sa.Column[Any] | None:
    """The column that the database numbers by itself, if there is one."""
    return table.autoincrement_column


def _sequences(connection: sa.Connection) -> dict[str, int]:
    """The highest number that each table has ever given: none is given twice."""
    if connection.dialect.name == "sqlite":
        found = connection.execute(sa.text("SELECT name, seq FROM sqlite_sequence"))
        return {name: int(number) for name, number in found}
    highest: dict[str, int] = {}
    for table in _TABLES:
        if (column := _numbered(table)) is not None:
            name = sa.func.pg_get_serial_sequence(table.name, column.name)
            last = connection.scalar(
                sa.select(sa.func.pg_sequence_last_value(sa.cast(name, _REGCLASS)))
            )
            highest[table.name] = int(last or 0)
    return highest


_REGCLASS: Final = sa.dialects.postgresql.REGCLASS()


def _set_sequences(connection: sa.Connection, highest: dict[str, int]) -> None:
    for table in _TABLES:
        number = highest.get(table.name, 0)
        column = _numbered(table)
        if column is None or not number:
            continue
        if connection.dialect.name == "postgresql":
            name = sa.func.pg_get_serial_sequence(table.name, column.name)
            connection.execute(sa.select(sa.func.setval(sa.cast(name, _REGCLASS), number)))
            continue
        known = {"name": table.name, "seq": number}
        connection.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = :name"), known)
        connection.execute(sa.text("INSERT INTO sqlite_sequence VALUES (:name, :seq)"), known)


@contextmanager
def _lines_of(path: Path, cipher: Cipher) -> Iterator[Iterator[bytes]]:
    """The lines of a backup, decrypted and unpacked as they are asked for."""
    with SealedReader(path, cipher) as sealed, gzip.GzipFile(fileobj=sealed, mode="rb") as packed:
        try:
            yield iter(packed)
        except (EOFError, gzip.BadGzipFile, zlib.error):
            raise SealedFileError(f"{path} is damaged.") from None


def _head(lines: Iterator[bytes], path: Path) -> dict[str, Any]:
    head = _parsed(next(lines, b""), path)
    if head.get("revision") != newest_revision():
        raise SealedFileError(
            f"{path} was made by a program of schema {head.get('revision')}, this one has "
            f"{newest_revision()}; restore it with that version, then update."
        )
    return head


def _parsed(line: bytes, path: Path) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise SealedFileError(f"{path} is damaged.")
    return value


def _put(packed: gzip.GzipFile, value: dict[str, object]) -> None:
    packed.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value.isoformat() if isinstance(value, (date, datetime)) else value


def _of_plain(column: sa.Column[Any], value: Any) -> object:  # noqa: ANN401 - what JSON has
    if value is None:
        return None
    match column.type:
        case sa.LargeBinary():
            return base64.b64decode(value)
        case UtcDateTime():
            return datetime.fromisoformat(value)
        case sa.Date():
            return date.fromisoformat(value)
    return value
