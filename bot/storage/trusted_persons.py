"""Whom people trust to be told that they are not well: named by one, agreed to by the other.

(invite) invited ──agree──> agreed ──delete, leave──> gone
             └──refuse, delete, a new invitation, the end of its time──> gone
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from bot.storage.db.dialect import lock_chat
from bot.storage.models import TrustedPersonRow
from bot.storage.trusted_messages import (
    called_place,
    drop_for_link,
    name_place,
    owe_message,
)
from bot.storage.trusted_messages import erase_for_user as erase_messages

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.storage.db.database import Database
    from bot.storage.db.dialect import AnyRow
    from bot.storage.db.encryption import Cipher
    from bot.storage.db.leases import LeaseOwner
    from bot.storage.models import HelpIsSent

INVITATION_LASTS: Final = timedelta(hours=48)


@dataclass(frozen=True, slots=True)
class TrustedPerson:
    """Whom a person trusts. `trusted_id` is None until they have agreed, by `expires_at`.

    `name` is what the person calls them, `called` what they call the person. `sends`: whether the
    person is asked each time. `for_harm`: also where others hurt the person.
    """

    id: int
    user_id: int
    name: str
    called: str
    expires_at: datetime
    trusted_id: int | None
    agreed_at: datetime | None
    sends: HelpIsSent
    for_harm: bool
    sent_at: datetime | None


class TrustedPersons:
    """Those whom people trust, one a person. Each method is one transaction."""

    def __init__(self, database: Database, cipher: Cipher, lease_owner: LeaseOwner) -> None:
        self._database = database
        self._cipher = cipher
        self._clock = lease_owner.clock

    async def for_user(self, user_id: int) -> TrustedPerson | None:
        """Whom a person has named, whether they have agreed or not."""
        row = await self._database.read(select_for_user, user_id)
        return None if row is None else decrypt_trusted(row, self._cipher)

    async def list_for_trusted(self, trusted_id: int) -> list[TrustedPerson]:
        """The people who trust somebody, oldest first."""
        rows = await self._database.read(select_for_trusted, trusted_id)
        return [decrypt_trusted(row, self._cipher) for row in rows]

    async def invite(self, user_id: int, name: str, called: str, token: str) -> bool:
        """Invite somebody in the place of an earlier invitation; False if another has agreed.

        Of the token only its hash is kept: whoever reads the database cannot agree.
        """
        now = self._clock()
        values = {
            "user_id": user_id,
            "name": self._cipher.encrypt_text(name, name_place(user_id)),
            "called": self._cipher.encrypt_text(called, called_place(user_id)),
            "token_hash": _hash(token),
            "expires_at": now + INVITATION_LASTS,
            "sends": "asked",
            "for_harm": False,
        }
        return await self._database.write(_invite, user_id, values)

    async def invitation(self, token: str) -> TrustedPerson | None:
        """What a link invites to, as long as it holds and nobody has used it."""
        row = await self._database.read(_select_by_token, _hash(token), self._clock())
        return None if row is None else decrypt_trusted(row, self._cipher)

    async def agree(self, token: str, trusted_id: int) -> bool:
        """Agree to an invitation, once, and owe the person the word; False if it does not hold."""
        return await self._database.write(_agree, _hash(token), trusted_id, self._clock())

    async def refuse(self, token: str) -> bool:
        """Refuse an invitation, and owe the person the word; False if it does not hold."""
        return await self._database.write(_refuse, _hash(token), self._clock())

    async def set_sends(self, user_id: int, sends: HelpIsSent) -> bool:
        """Choose whether to be asked each time; False if nobody is trusted."""
        return await self._database.write(_choose, user_id, {"sends": sends})

    async def set_for_harm(self, user_id: int, wanted: bool) -> bool:
        """Choose whether it is offered where others hurt the person; False if nobody is trusted."""
        return await self._database.write(_choose, user_id, {"for_harm": wanted})

    async def delete(self, user_id: int) -> bool:
        """Trust somebody no more, and owe them the word if they had agreed."""
        return await self._database.write(_delete, user_id)

    async def leave(self, link_id: int, trusted_id: int) -> bool:
        """Be trusted by somebody no more, and owe that person the word."""
        return await self._database.write(_leave, link_id, trusted_id)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


LINK_COLUMNS: Final = tuple(TrustedPersonRow.__table__.columns)


def select_link(connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> AnyRow | None:
    """The one row of two of which conditions hold, sealed."""
    return connection.execute(sa.select(*LINK_COLUMNS).where(*conditions)).one_or_none()


def select_for_user(connection: sa.Connection, user_id: int) -> AnyRow | None:
    """Whom a person has named, sealed."""
    return select_link(connection, TrustedPersonRow.user_id == user_id)


def select_for_trusted(connection: sa.Connection, trusted_id: int) -> Sequence[AnyRow]:
    """Who trusts somebody, sealed, oldest first."""
    return connection.execute(
        sa.select(*LINK_COLUMNS)
        .where(TrustedPersonRow.trusted_id == trusted_id)
        .order_by(TrustedPersonRow.id)
    ).all()


def decrypt_trusted(row: AnyRow, cipher: Cipher) -> TrustedPerson:
    """Decrypt a row of the two."""
    return TrustedPerson(
        id=row.id,
        user_id=row.user_id,
        name=cipher.decrypt_text(row.name, name_place(row.user_id)),
        called=cipher.decrypt_text(row.called, called_place(row.user_id)),
        expires_at=row.expires_at,
        trusted_id=row.trusted_id,
        agreed_at=row.agreed_at,
        sends=row.sends,
        for_harm=row.for_harm,
        sent_at=row.sent_at,
    )


def erase_for_user(connection: sa.Connection, user_id: int) -> None:
    """Delete whom a person trusts and who trusts them; the other ones are owed the word of it."""
    erase_messages(connection, user_id)
    named = select_for_user(connection, user_id)
    if named is not None:
        if named.trusted_id is not None:
            owe_message(connection, named, "ended", erased=True)
        _drop_link(connection, named.id)
    for link in select_for_trusted(connection, user_id):
        owe_message(connection, link, "left", erased=True)
        _drop_link(connection, link.id)


def _drop_link(connection: sa.Connection, link_id: int) -> None:
    connection.execute(sa.delete(TrustedPersonRow).where(TrustedPersonRow.id == link_id))


def update_link(connection: sa.Connection, link_id: int, values: dict[str, object]) -> None:
    """Change the row of two."""
    connection.execute(
        sa.update(TrustedPersonRow).where(TrustedPersonRow.id == link_id).values(values)
    )


def _invite(connection: sa.Connection, user_id: int, values: dict[str, object]) -> bool:
    lock_chat(connection, user_id, wait=True)
    known = select_for_user(connection, user_id)
    if known is not None:
        if known.trusted_id is not None:
            return False
        _drop_link(connection, known.id)
    connection.execute(sa.insert(TrustedPersonRow), values)
    return True


def _select_by_token(connection: sa.Connection, token_hash: bytes, now: datetime) -> AnyRow | None:
    return select_link(
        connection, TrustedPersonRow.token_hash == token_hash, TrustedPersonRow.expires_at > now
    )


def _agree(connection: sa.Connection, token_hash: bytes, trusted_id: int, now: datetime) -> bool:
    link = _select_by_token(connection, token_hash, now)
    if link is None or link.user_id == trusted_id:
        return False
    agreed = connection.execute(
        sa.update(TrustedPersonRow)
        .where(TrustedPersonRow.id == link.id, TrustedPersonRow.token_hash == token_hash)
        .values(trusted_id=trusted_id, agreed_at=now, token_hash=None)
    ).rowcount
    if agreed:
        owe_message(connection, link, "agreed")
    return agreed > 0


def _refuse(connection: sa.Connection, token_hash: bytes, now: datetime) -> bool:
    link = _select_by_token(connection, token_hash, now)
    if link is None:
        return False
    _drop_link(connection, link.id)
    owe_message(connection, link, "declined")
    return True


def _choose(connection: sa.Connection, user_id: int, values: dict[str, object]) -> bool:
    statement = sa.update(TrustedPersonRow).where(TrustedPersonRow.user_id == user_id)
    return connection.execute(statement.values(values)).rowcount > 0


def _delete(connection: sa.Connection, user_id: int) -> bool:
    lock_chat(connection, user_id, wait=True)
    link = select_for_user(connection, user_id)
    if link is None:
        return False
    drop_for_link(connection, link.id)
    if link.trusted_id is not None:
        owe_message(connection, link, "ended")
    _drop_link(connection, link.id)
    return True


def _leave(connection: sa.Connection, link_id: int, trusted_id: int) -> bool:
    link = select_link(
        connection, TrustedPersonRow.id == link_id, TrustedPersonRow.trusted_id == trusted_id
    )
    if link is None:
        return False
    drop_for_link(connection, link.id)
    owe_message(connection, link, "left")
    _drop_link(connection, link.id)
    return True
