from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.storage import Cipher, Contacts, EmergencyContact, generate_key, reencrypt
from bot.storage.models import EmergencyContactRow

if TYPE_CHECKING:
    from bot.storage import Database
    from tests.bot.storage.conftest import Replica, WallClock

PERSON = 7_000_000_001
MOTHER = EmergencyContact("妈妈", "+86 138 0013 8000")
FRIEND = EmergencyContact("阿宁", "13900139000")


async def test_a_contact_is_kept_replaced_and_deleted(replica: Replica) -> None:
    assert await replica.contacts.for_user(PERSON) is None
    await replica.contacts.set(PERSON, MOTHER)
    await replica.contacts.set(PERSON, FRIEND)
    assert await replica.contacts.for_user(PERSON) == FRIEND
    assert await replica.contacts.delete(PERSON)
    assert not await replica.contacts.delete(PERSON)
    assert await replica.contacts.for_user(PERSON) is None


async def test_name_and_number_rest_encrypted_and_do_not_open_for_somebody_else(
    replica: Replica, database: Database
) -> None:
    await replica.contacts.set(PERSON, MOTHER)
    columns = sa.select(EmergencyContactRow.name, EmergencyContactRow.phone)
    [row] = await database.read(lambda c: c.execute(columns).all())
    assert "妈妈".encode() not in row.name
    assert b"138" not in row.phone


async def test_a_contact_is_exported_and_erased_with_the_person(replica: Replica) -> None:
    await replica.contacts.set(PERSON, MOTHER)
    assert (await replica.users.export(PERSON)).contact == MOTHER
    await replica.users.erase(PERSON)
    assert await replica.contacts.for_user(PERSON) is None


async def test_a_contact_moves_to_a_new_key(database: Database, clock: WallClock) -> None:
    old, new = generate_key(), generate_key()
    await Contacts(database, Cipher.from_keys([old]), clock).set(PERSON, MOTHER)
    async for _ in reencrypt(database, Cipher.from_keys([new, old])):
        pass
    assert await Contacts(database, Cipher.from_keys([new]), clock).for_user(PERSON) == MOTHER
