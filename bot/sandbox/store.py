"""Where the sandbox's world rests between runs: encrypted records in one SQLite file.

Changes are collected in memory and written together by one thread, so the event loop never
waits for a disk; `flush` returns once everything put before it is committed. Records are
replaced whole, which makes a kill at any moment harmless: a record is the old one or the new one.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

from bot.sandbox.errors import SandboxError
from bot.sandbox.model import CallbackQuery, Chat, Json, Media, Message, Person, StoredFile, Update

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILE_NAME = "sandbox.sqlite3"

T = TypeVar("T")

_SETUP = (
    "PRAGMA locking_mode=EXCLUSIVE",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=NORMAL",
    "CREATE TABLE IF NOT EXISTS records (position INTEGER PRIMARY KEY, kind TEXT NOT NULL,"
    " key TEXT NOT NULL, value BLOB NOT NULL, UNIQUE (kind, key))",
)

# A value that can be kept; plain JSON objects are settings such as the bot's commands.
Record: TypeAlias = "Person | Chat | Message | Update | CallbackQuery | StoredFile | Json"
Key: TypeAlias = "tuple[str, str]"


class StoreCipher(Protocol):
    """What encrypts chat text at rest. `decrypt` raises when the key is not the right one."""

    def encrypt(self, data: bytes, /) -> bytes:
        """Bytes that only `decrypt` can read."""

    def decrypt(self, data: bytes, /) -> bytes:
        """The bytes that `encrypt` was given."""


class Store(Protocol):
    """Keeps records by (kind, key)."""

    def put(self, kind: str, key: str, record: Record | None) -> None:
        """Remember a record, or forget it (None); written by the next `flush`."""

    async def flush(self) -> None:
        """Return when everything put so far is safe; raises SandboxError."""

    async def load(self) -> list[tuple[str, Record]]:
        """All records, oldest first; called once, before the first put."""

    async def close(self) -> None:
        """Flush and let go of the file."""


class MemoryStore:
    """Keeps nothing: for tests and throw-away sandboxes."""

    def put(self, kind: str, key: str, record: Record | None) -> None:
        """Nothing to do: the world itself is the memory."""

    async def flush(self) -> None:
        """Nothing waits."""

    async def load(self) -> list[tuple[str, Record]]:
        """A new world."""
        return []

    async def close(self) -> None:
        """Nothing is open."""


class FileStore:
    """Keeps records in `<directory>/sandbox.sqlite3`, mode 0600, for one sandbox only."""

    def __init__(self, directory: Path, cipher: StoreCipher) -> None:
        self._directory = directory
        self._cipher = cipher
        self._dirty: dict[Key, Record | None] = {}
        self._writing = asyncio.Lock()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sandbox-store")
        self._connection: sqlite3.Connection | None = None

    def put(self, kind: str, key: str, record: Record | None) -> None:
        """Remember a record, or forget it (None); written by the next `flush`."""
        self._dirty[(kind, key)] = record

    async def flush(self) -> None:
        """Return when everything put so far is committed; concurrent callers share one commit."""
        if self._dirty or self._writing.locked():
            # A caller that is cancelled must not take a half-written batch with it.
            await asyncio.shield(asyncio.ensure_future(self._flush()))

    async def _flush(self) -> None:
        async with self._writing:
            if not self._dirty:
                return
            batch, self._dirty = self._dirty, {}
            try:
                await self._run(lambda: self._write(batch))
            except sqlite3.Error as error:
                self._dirty = batch | self._dirty
                raise SandboxError(
                    f"The sandbox cannot write to {self._directory / FILE_NAME}: {error}."
                ) from error

    async def load(self) -> list[tuple[str, Record]]:
        """All records in the order they were first put."""
        return await self._run(self._open)

    async def close(self) -> None:
        """Flush and let go of the file."""
        if self._connection is not None:
            await self.flush()
            await self._run(self._connection.close)
            self._connection = None
        self._thread.shutdown()

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _open(self) -> list[tuple[str, Record]]:
        path = self._directory / FILE_NAME
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)
            self._connection = sqlite3.connect(path, timeout=0.2, check_same_thread=False)
            for statement in _SETUP:
                self._connection.execute(statement)
            self._connection.commit()
            rows = self._connection.execute(
                "SELECT kind, value FROM records ORDER BY position"
            ).fetchall()
        except (OSError, sqlite3.Error) as error:
            raise SandboxError(
                f"The sandbox cannot use {path}: {error}. Is another one running on it?"
            ) from error
        return [(kind, self._read(kind, value)) for kind, value in rows]

    def _read(self, kind: str, value: bytes) -> Record:
        try:
            return decode(kind, self._cipher.decrypt(value))
        except Exception:
            # The cause may hold plain text, so it is not chained.
            raise SandboxError(
                f"{self._directory / FILE_NAME} cannot be read with this key: give the sandbox "
                "the key it was written with, or move the file away."
            ) from None

    def _write(self, batch: dict[Key, Record | None]) -> None:
        connection = self._connection
        if connection is None:
            raise SandboxError("The sandbox's store is written to before it was loaded.")
        gone = [key for key, record in batch.items() if record is None]
        kept = [
            (*key, self._cipher.encrypt(encode(record)))
            for key, record in batch.items()
            if record is not None
        ]
        with connection:
            connection.executemany("DELETE FROM records WHERE kind = ? AND key = ?", gone)
            connection.executemany(
                "INSERT INTO records (kind, key, value) VALUES (?, ?, ?)"
                " ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value",
                kept,
            )


def encode(record: Record) -> bytes:
    """A record as JSON bytes."""
    body: Json = record if isinstance(record, dict) else asdict(record)
    if isinstance(record, StoredFile):
        body["content"] = base64.b64encode(record.content).decode()
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def decode(kind: str, raw: bytes) -> Record:
    """The record that `encode` was given."""
    body: Json = json.loads(raw)
    match kind:
        case "person":
            return Person(**body)
        case "chat":
            return Chat(**body | {"members": tuple(body["members"])})
        case "message":
            media = Media(**body["media"]) if body["media"] else None
            return Message(**body | {"entities": tuple(body["entities"]), "media": media})
        case "update":
            return Update(**body)
        case "callback":
            return CallbackQuery(**body)
        case "file":
            return StoredFile(**body | {"content": base64.b64decode(body["content"])})
        case _:
            return body
