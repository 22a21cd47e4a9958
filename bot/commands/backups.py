"""Backups: the whole database as one encrypted file, and back."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bot.app import storage_options
from bot.commands.opened import name_of, opened, opened_with_keys, require_keys
from bot.errors import StartupError
from bot.storage import StorageError, back_up, check_backup, restore, utc_now, verify_keys
from bot.storage.store import open_database

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.storage import BackedUp


async def write_backup(settings: Settings, file: Path) -> str:
    """Write everything that is kept at this moment to a new encrypted file, and read it again.

    Raises:
        StartupError: the database cannot be read, or the file not be written.
    """
    async with opened_with_keys(settings) as (database, cipher):
        made = await back_up(database, cipher, file, utc_now(), _show_progress)
        if check_backup(cipher, file) != made:
            raise StartupError(f"{file} does not hold what was written; look at its disk.")
    return (
        f"{_told(made)} are in {file}, encrypted with the newest key, and were read again. "
        f"Without the key nothing of it can be read: keep {_where_keys_are(settings)} elsewhere. "
        "Try it now and then: python -m bot restore FILE --try"
    )


async def restore_backup(settings: Settings, file: Path) -> str:
    """Put a backup into the database of the settings, which has to be empty.

    Raises:
        StartupError: it is not empty, the file is no backup, or its key is missing.
    """
    try:
        cipher = require_keys(storage_options(settings))
        check_backup(cipher, file)
        async with opened(settings, may_be_new=True) as database:
            found = await restore(database, cipher, file, _show_progress)
            await verify_keys(database, cipher)
    except StorageError as error:
        raise StartupError(str(error)) from None
    return (
        f"{_told(found)} of {found.made_at:%Y-%m-%d %H:%M} UTC were restored. Whoever erased "
        "themselves since then is back: erase them again (python -m bot user erase ID)."
    )


async def try_backup(settings: Settings, file: Path) -> str:
    """Restore a backup into a new SQLite, read its texts' keys, and throw it away.

    Raises:
        StartupError: it could not be restored.
    """
    options = storage_options(settings)
    with tempfile.TemporaryDirectory(prefix="shudong-restore-") as folder:
        place = replace(options, data_dir=Path(folder), database_url=None)
        sys.stderr.write(f"{name_of(place)} (for this try alone)\n")
        try:
            cipher = require_keys(options)
            database = open_database(place)
            try:
                found = await restore(database, cipher, file, _show_progress)
                await verify_keys(database, cipher)
            finally:
                await database.aclose()
        except StorageError as error:
            raise StartupError(str(error)) from None
    return f"{_told(found)} of {found.made_at:%Y-%m-%d %H:%M} UTC can be restored from {file}."


def _told(made: BackedUp) -> str:
    return f"{made.total} rows ({made.rows['users']} people, {made.rows['turns']} turns)"


def _where_keys_are(settings: Settings) -> str:
    return "ENCRYPTION_KEYS" if settings.encryption_keys else "the file encryption.key"


def _show_progress(table: str, rows: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{table} {rows}")
        sys.stderr.flush()
