"""Encryption of chat text at rest: AES-256-GCM with keys that can be rotated.

A ciphertext is `version (1 byte) | key id (4) | nonce (12) | text and tag`. The key id is derived
from the key, so that several keys can be held: the first one encrypts, all of them decrypt. The
place (whose text, in which chat, in which column of which row) is authenticated along with the
text, so that a ciphertext decrypts nowhere else, and not where its row was given to another person.

Version 1 authenticated the column and the row, but not always the owner. It is read, and no longer
written; `reencrypt` rewrites it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bot.storage.db.errors import BadKey, KeyFileExposed, MissingKey, WrongKey

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

KEY_BYTES = 32
_VERSION = b"\x02"
_VERSION_1 = b"\x01"
_KEY_ID_BYTES = 4
_NONCE_BYTES = 12
HEADER_BYTES = len(_VERSION) + _KEY_ID_BYTES
_MIN_SEALED_BYTES = HEADER_BYTES + _NONCE_BYTES + 16


def generate_key() -> str:
    """Make a new key: the base64 of 32 random bytes, as `ENCRYPTION_KEYS` takes it."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode("ascii")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a ciphertext belongs: a column, its row, and whose row that is.

    Args:
        column: the table and the column.
        row: what tells the row from all others of its owner.
        user_id: the person the text belongs to; None where it is a chat's.
        chat_id: the chat it was said in; None where it belongs to a person wherever they write.
        version_1: what stood in for all of this in version 1.
    """

    column: str
    row: tuple[int | str, ...]
    user_id: int | None
    chat_id: int | None
    version_1: bytes

    @property
    def associated_data(self) -> bytes:
        """What is authenticated along with the text."""
        parts = (self.column, f"user={self.user_id}", f"chat={self.chat_id}", *self.row)
        return "|".join(map(str, parts)).encode()


class Cipher:
    """Encrypts with its first key and decrypts with any of its keys."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys:
            raise BadKey("No encryption key was given; make one with `python -m bot keys`.")
        if any(len(key) != KEY_BYTES for key in keys):
            raise BadKey(f"An encryption key must have {KEY_BYTES} bytes.")
        self._keys = {_key_id(key): AESGCM(key) for key in keys}
        self._first = self._keys[_key_id(keys[0])]
        self._header = _VERSION + _key_id(keys[0])

    @classmethod
    def from_keys(cls, keys: Sequence[str]) -> Cipher:
        """Build from base64 keys. Raises `BadKey`, which tells the position but never the key."""
        return cls([_decode_key(key, position) for position, key in enumerate(keys, start=1)])

    def missing_key(self, header: bytes) -> str | None:
        """The id of the key that a header names, if it is not at hand; None also for no header."""
        if not _is_header(header) or header[1:] in self._keys:
            return None
        return header[1:].hex()

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The ids of the keys at hand; the first one encrypts."""
        return tuple(key_id.hex() for key_id in self._keys)

    @property
    def header(self) -> bytes:
        """The first `HEADER_BYTES` bytes of everything this cipher writes: they name its key."""
        return self._header

    def encrypt(self, plain: bytes, place: Place) -> bytes:
        """Encrypt; the same `place` must be given to decrypt."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._first.encrypt(nonce, plain, self._header + place.associated_data)
        return self._header + nonce + sealed

    def decrypt(self, sealed: bytes, place: Place) -> bytes:
        """Decrypt. Raises `WrongKey`: no key fits, or text or place are not what they were."""
        header = sealed[:HEADER_BYTES]
        if len(sealed) < _MIN_SEALED_BYTES or not _is_header(header):
            raise WrongKey(
                "A stored text is not in the format of this program; restore it from a backup."
            )
        key_id = header[1:]
        key = self._keys.get(key_id)
        if key is None:
            held = ", ".join(known.hex() for known in self._keys)
            raise MissingKey(
                f"A stored text was encrypted with key {key_id.hex()}, but only {held} is at hand; "
                "add the old key after the new one, in ENCRYPTION_KEYS or the key file.",
                key_id.hex(),
            )
        bound_to = place.version_1 if header[:1] == _VERSION_1 else place.associated_data
        nonce = sealed[HEADER_BYTES : HEADER_BYTES + _NONCE_BYTES]
        try:
            return key.decrypt(nonce, sealed[HEADER_BYTES + _NONCE_BYTES :], header + bound_to)
        except InvalidTag:
            raise WrongKey(
                f"A stored text does not decrypt with its key {key_id.hex()}: it was damaged or "
                "moved; restore it from a backup."
            ) from None

    def at(self, place: Place) -> PlacedCipher:
        """This cipher for something whose texts all belong to one place."""
        return PlacedCipher(self, place)

    def encrypt_text(self, text: str, place: Place) -> bytes:
        """Encrypt a text as UTF-8; lone surrogates, which JSON can carry, survive."""
        return self.encrypt(text.encode("utf-8", "surrogatepass"), place)

    def decrypt_text(self, sealed: bytes, place: Place) -> str:
        """The inverse of `encrypt_text`."""
        return self.decrypt(sealed, place).decode("utf-8", "surrogatepass")


@dataclass(frozen=True, slots=True)
class PlacedCipher:
    """A cipher for texts of one place."""

    cipher: Cipher
    place: Place

    def encrypt(self, plain: bytes) -> bytes:
        """See `Cipher.encrypt`."""
        return self.cipher.encrypt(plain, self.place)

    def decrypt(self, sealed: bytes) -> bytes:
        """See `Cipher.decrypt`."""
        return self.cipher.decrypt(sealed, self.place)


def load_or_create_key_file(path: Path) -> list[str]:
    """Read the keys of a file (base64, one a line, the first one encrypts), making it if missing.

    The file is created with mode 0600, whole or not at all. Raises `KeyFileExposed` if others can
    read it and `BadKey` if it holds no key.
    """
    if not path.exists():
        _create_key_file(path)
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise KeyFileExposed(
            f"The key file {path} can be read by other users of this machine; "
            f"run `chmod 600 {path}` and start again."
        )
    keys = path.read_text(encoding="ascii", errors="replace").split()
    if not keys:
        raise BadKey(f"The key file {path} is empty; restore it from a backup.")
    return keys


def _create_key_file(path: Path) -> None:
    """Write a complete private file first, then give it its name, which fails if it is taken.

    A crash in between leaves no half-written key behind, and of two processes that start at once
    only one makes the key that both then read.
    """
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(generate_key() + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        draft.unlink()


def _is_header(header: bytes) -> bool:
    return len(header) == HEADER_BYTES and header[:1] in (_VERSION, _VERSION_1)


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"shudong key id" + key).digest()[:_KEY_ID_BYTES]


def _decode_key(key: str, position: int) -> bytes:
    try:
        decoded = base64.b64decode(key.strip(), validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    if len(decoded) != KEY_BYTES:
        raise BadKey(
            f"Key {position} of ENCRYPTION_KEYS is not the base64 of {KEY_BYTES} bytes; "
            "make one with `python -m bot keys`."
        )
    return decoded
