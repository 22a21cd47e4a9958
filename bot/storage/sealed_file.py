"""A file that is encrypted in frames, so that it may be larger than memory.

`magic | id (16 bytes) | frames`, a frame being its length (4 bytes) and a ciphertext that is bound
to the id, to its number, and to whether it is the last one: what was cut off, swapped or mixed
with another file does not open.
"""

from __future__ import annotations

import os
import secrets
from io import UnsupportedOperation
from typing import IO, TYPE_CHECKING, Final

from bot.storage.db.encryption import HEADER_BYTES, Place
from bot.storage.db.errors import StorageError, WrongKey

if TYPE_CHECKING:
    from pathlib import Path

    from bot.storage.db.encryption import Cipher

MAGIC: Final = b"SHUDONG SEALED 1\n"
ID_BYTES: Final = 16
FRAME_BYTES: Final = 1 << 20
_MAX_FRAME: Final = FRAME_BYTES + 1024


class SealedFileError(StorageError):
    """A sealed file cannot be written or read: not one, damaged, or of a key that is not here."""


def _place(file_id: bytes, number: int, *, is_last: bool) -> Place:
    row = (file_id.hex(), number, "last" if is_last else "more")
    return Place("sealed_file", row, user_id=None, chat_id=None, version_1=b"")


class SealedWriter:
    """Writes a new file that only its user reads, and deletes it where its block fails."""

    def __init__(self, path: Path, cipher: Cipher) -> None:
        """Make the file. Raises `SealedFileError` if it is there, or cannot be made."""
        try:
            self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        except OSError as error:
            raise SealedFileError(
                f"{path} cannot be written ({error.strerror}); name a file that is not there yet."
            ) from None
        self._path, self._cipher = path, cipher
        self._id = secrets.token_bytes(ID_BYTES)
        self._number = 0
        self._rest = bytearray()

    def __enter__(self) -> SealedWriter:
        self._file.write(MAGIC + self._id)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, _trace: object) -> None:
        try:
            if kind is None:
                self._seal(bytes(self._rest), is_last=True)
                self._file.flush()
                os.fsync(self._file.fileno())
            self._file.close()
        except OSError as failure:
            kind, error = type(failure), failure
        if kind is not None:
            self._path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise SealedFileError(f"{self._path} cannot be written ({error.strerror}).") from None

    def write(self, data: bytes) -> int:
        """Add bytes; whole frames go to the file. Raises OSError."""
        self._rest += data
        while len(self._rest) > FRAME_BYTES:
            self._seal(bytes(self._rest[:FRAME_BYTES]), is_last=False)
            del self._rest[:FRAME_BYTES]
        return len(data)

    def flush(self) -> None:
        """Do nothing: what is written before its end does not open anyway."""

    def _seal(self, plain: bytes, *, is_last: bool) -> None:
        sealed = self._cipher.encrypt(plain, _place(self._id, self._number, is_last=is_last))
        self._file.write(len(sealed).to_bytes(4, "big") + sealed)
        self._number += 1


class SealedReader:
    """Reads such a file from its beginning to its end."""

    def __init__(self, path: Path, cipher: Cipher) -> None:
        """Open the file. Raises `SealedFileError` if it is none."""
        try:
            self._file: IO[bytes] = path.open("rb")
        except OSError as error:
            raise SealedFileError(f"{path} cannot be read ({error.strerror}).") from None
        self._path, self._cipher = path, cipher
        head = self._file.read(len(MAGIC) + ID_BYTES)
        if not head.startswith(MAGIC) or len(head) < len(MAGIC) + ID_BYTES:
            self._file.close()
            raise SealedFileError(f"{path} is no backup of this program.")
        self._id = head[len(MAGIC) :]
        self._number = 0
        self._plain = b""
        self._is_over = False

    def __enter__(self) -> SealedReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read(self, size: int = FRAME_BYTES) -> bytes:
        """The next bytes, `size` at most; none at the end. Raises `SealedFileError`."""
        while not self._plain and not self._is_over:
            self._open_frame()
        part, self._plain = self._plain[:size], self._plain[size:]
        return part

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Refuse: it is read from its beginning to its end."""
        raise UnsupportedOperation(f"seek({offset}, {whence})")

    def _open_frame(self) -> None:
        size = int.from_bytes(self._file.read(4), "big")
        sealed = self._file.read(size) if 0 < size <= _MAX_FRAME else b""
        if len(sealed) != size or not size:
            raise SealedFileError(f"{self._path} ends too early, or is damaged.")
        if (missing := self._cipher.missing_key(sealed[:HEADER_BYTES])) is not None:
            raise SealedFileError(
                f"{self._path} was written with key {missing}, which is not at hand; add it to "
                "ENCRYPTION_KEYS or the key file."
            )
        for is_last in (False, True):
            try:
                place = _place(self._id, self._number, is_last=is_last)
                self._plain = self._cipher.decrypt(sealed, place)
            except WrongKey:
                continue
            self._is_over = is_last
            self._number += 1
            return
        raise SealedFileError(f"{self._path} is damaged behind {self._number} MB.")
