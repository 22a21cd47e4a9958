"""Whom a person wants to call when things are hard: by their own choice, encrypted, deletable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.storage.db.dialect import insert
from bot.storage.db.encryption import Place
from bot.storage.models import EmergencyContactRow

if TYPE_CHECKING:
    from bot.storage.db.clock import Clock
    from bot.storage.db.database import Database
    from bot.storage.db.dialect import AnyRow
    from bot.storage.db.encryption import Cipher


@dataclass(frozen=True, slots=True)
class EmergencyContact:
    """Whom a person wants to call when things are hard."""

    name: str
    phone: str


class Contacts:
    """The emergency contacts, at most one a person. Each method is one transaction."""

    def __init__(self, database: Database, cipher: Cipher, clock: Clock) -> None:
        self._database = database
        self._cipher = cipher
        self._clock = clock

    async def for_user(self, user_id: int) -> EmergencyContact | None:
        """Whom a person named."""
        row = await self._database.read(select_for_user, user_id)
        return None if row is None else decrypt_contact(row, user_id, self._cipher)

    async def set(self, user_id: int, contact: EmergencyContact) -> None:
        """Remember a contact in the place of an earlier one."""
        sealed = {
            "name": self._cipher.encrypt_text(contact.name, name_place(user_id)),
            "phone": self._cipher.encrypt_text(contact.phone, phone_place(user_id)),
            "named_at": self._clock(),
        }
        await self._database.write(_put, user_id, sealed)

    async def delete(self, user_id: int) -> bool:
        """Forget a contact; whether there was one."""
        return await self._database.write(erase_for_user, user_id)


def name_place(user_id: int) -> Place:
    """Where the ciphertext of a contact's name belongs."""
    return _place("emergency_contacts.name", user_id)


def phone_place(user_id: int) -> Place:
    """Where the ciphertext of a contact's number belongs."""
    return _place("emergency_contacts.phone", user_id)


def _place(column: str, user_id: int) -> Place:
    version_1 = f"{column}:{user_id}".encode()
    return Place(column, (), user_id=user_id, chat_id=None, version_1=version_1)


def select_for_user(connection: sa.Connection, user_id: int) -> AnyRow | None:
    """A person's contact, sealed."""
    return connection.execute(
        sa.select(EmergencyContactRow.name, EmergencyContactRow.phone).where(
            EmergencyContactRow.user_id == user_id
        )
    ).one_or_none()


def decrypt_contact(row: AnyRow, user_id: int, cipher: Cipher) -> EmergencyContact:
    """Decrypt a row of `select_for_user`."""
    return EmergencyContact(
        name=cipher.decrypt_text(row.name, name_place(user_id)),
        phone=cipher.decrypt_text(row.phone, phone_place(user_id)),
    )


def erase_for_user(connection: sa.Connection, user_id: int) -> bool:
    """Delete a person's contact; whether there was one."""
    mine = EmergencyContactRow.user_id == user_id
    return connection.execute(sa.delete(EmergencyContactRow).where(mine)).rowcount > 0


def _put(connection: sa.Connection, user_id: int, values: dict[str, object]) -> None:
    statement = insert(connection, EmergencyContactRow).values(user_id=user_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["user_id"], set_=values))
