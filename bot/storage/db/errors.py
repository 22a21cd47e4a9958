"""What can go wrong in storage, in the operator's words.

    StorageError
    ├── DatabaseUnavailable    nothing answers, or it is locked: worth another try later
    │   └── DatabaseFull       no room to write: nothing is lost, nothing new is taken in
    ├── DatabaseRefused        it answers and turns us away: password, name or rights
    ├── SchemaError
    │   ├── SchemaBehind       the database is older than this program (or empty)
    │   └── SchemaAhead        the database is newer than this program
    └── EncryptionError
        ├── BadKey             a key is not the base64 of 32 bytes
        ├── WrongKey           a text does not open
        │   └── MissingKey     ... because its key is not here
        ├── KeyNotHereYet      the same, and another replica has it
        └── KeyFileExposed     other users of the machine can read the key file

Every message is one sentence with what was found and the next step. None carries chat text, a key
or the password of a database address.
"""

# A name says what is the case; that it is an error is said by raising it.

from __future__ import annotations

from typing import ClassVar


class StorageError(Exception):
    """Storage could not do what it was asked to.

    `is_outage` tells whether the same may succeed once an operator or time has mended something;
    where it does not, it is about what was asked or what is stored, and another try will not help.
    """

    is_outage: ClassVar[bool] = False


class DatabaseUnavailable(StorageError):
    """The database does not answer now; the same operation may succeed later."""

    is_outage = True


class DatabaseFull(DatabaseUnavailable):
    """The database has no room left to write."""


class DatabaseRefused(StorageError):
    """The database answers but does not let us in or do this."""

    is_outage = True


class SchemaError(StorageError):
    """The tables are not the ones this program was written for."""

    is_outage = True


class SchemaBehind(SchemaError):
    """The database has not been migrated to this program's schema."""


class SchemaAhead(SchemaError):
    """The database was migrated by a newer program."""


class EncryptionError(StorageError):
    """A text could not be encrypted or decrypted."""


class BadKey(EncryptionError):
    """A key is malformed or missing."""


class WrongKey(EncryptionError):
    """None of the keys at hand decrypts a stored text."""


class MissingKey(WrongKey):
    """The key that a text names is not here; it may be one that another replica has already."""

    def __init__(self, message: str, key_id: str = "") -> None:
        super().__init__(message)
        self.key_id = key_id


class KeyNotHereYet(EncryptionError):
    """Another replica has the key of a text: it reads it, and so will we with the next start."""

    is_outage = True


class KeyFileExposed(EncryptionError):
    """The key file can be read by others."""
