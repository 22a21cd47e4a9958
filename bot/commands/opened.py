"""The database of a command, named before anything is done with it."""

from __future__ import annotations

import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from bot.app import storage_options
from bot.errors import StartupError
from bot.storage import StorageError, check_schema, verify_keys
from bot.storage.store import KEY_FILE, open_cipher, open_database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.settings import Settings
    from bot.storage import Cipher, Database
    from bot.storage.store import StorageOptions


def name_of(options: StorageOptions) -> str:
    """Which database it is, without a password."""
    if options.database_url is None or options.database_url.startswith("sqlite"):
        return f"SQLite {options.database_file.absolute()}"
    url = options.address
    where = url.host or url.query.get("host") or "localhost"
    return f"PostgreSQL {where}, database {url.database}"


def require_existing(options: StorageOptions) -> None:
    """Refuse to make a new SQLite, and a new key, where there is none.

    Raises:
        StartupError: there is none. A command that was run in another folder than the bot's would
            count and change nothing, and say that all was well.
    """
    is_embedded = options.database_url is None or options.database_url.startswith("sqlite")
    if is_embedded and not options.database_file.exists():
        raise StartupError(
            f"There is no database at {options.database_file.absolute()}; run the command in the "
            "folder of the bot's .env, or set DATA_DIR or DATABASE_URL."
        )


def require_keys(options: StorageOptions) -> Cipher:
    """The keys of the settings or of the key file, which is not made.

    Raises:
        StartupError: there are none.
        StorageError: one is no key.
    """
    if not options.keys and not (options.data_dir / KEY_FILE).exists():
        raise StartupError(
            f"There is no key file at {(options.data_dir / KEY_FILE).absolute()}; set "
            "ENCRYPTION_KEYS, or bring the file back from where it is kept."
        )
    return open_cipher(options)


@asynccontextmanager
async def opened(settings: Settings, *, may_be_new: bool = False) -> AsyncIterator[Database]:
    """The database that the settings name; its name goes to standard error.

    It has to exist and to be up to date, unless it `may_be_new`.

    Raises:
        StartupError: there is none, or what storage cannot do within it, as a sentence.
    """
    options = storage_options(settings)
    if not may_be_new:
        require_existing(options)
    sys.stderr.write(f"{name_of(options)}\n")
    try:
        database = open_database(options)
        try:
            if not may_be_new:
                await check_schema(database)
            yield database
        finally:
            await database.aclose()
    except StorageError as error:
        raise StartupError(str(error)) from None


@asynccontextmanager
async def opened_with_keys(settings: Settings) -> AsyncIterator[tuple[Database, Cipher]]:
    """The database with the keys that open its texts. Raises as `opened`."""
    async with opened(settings) as database:
        cipher = require_keys(storage_options(settings))
        await verify_keys(database, cipher)
        yield database, cipher
