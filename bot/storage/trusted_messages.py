"""What is owed between a person and the one they trust: each until Telegram has taken it.

A message is owed in the transaction that decides about it, and deleted once it is out, so that a
process that dies at any point leaves it to the next. Nothing is kept of what was told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from bot.storage.crisis_talks import CARD_FROM
from bot.storage.db.encryption import Place
from bot.storage.db.leases import Leases
from bot.storage.models import RiskRow, TrustedMessageRow, TrustedPersonRow

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime, timedelta

    from bot.storage.db.database import Database
    from bot.storage.db.dialect import AnyRow
    from bot.storage.db.encryption import Cipher
    from bot.storage.db.leases import Lease, LeaseOwner
    from bot.storage.models import TrustedMessageKind

_LEASES: Final = Leases(TrustedMessageRow, (TrustedMessageRow.id,), claimable=sa.true())
_WAITS_FOR_A_BETTER_HOUR: Final = ("left", "declined")
"""Nobody reads that they were left alone while they are in danger."""
_TO_THE_TRUSTED: Final = frozenset({"help", "ended"})
"""All others are for the person."""


@dataclass(frozen=True, slots=True)
class OwedTrustedMessage:
    """A message that has to be sent, claimed by the replica that got this.

    `name` is what the recipient calls the other one, None where that one is erased.
    """

    id: int
    link_id: int
    kind: TrustedMessageKind
    recipient: int
    about: int | None
    name: str | None


class TrustedMessages:
    """The messages that are owed. Each method is one transaction."""

    def __init__(self, database: Database, cipher: Cipher, lease_owner: LeaseOwner) -> None:
        self._database = database
        self._cipher = cipher
        self._lease_owner = lease_owner

    async def claim(self, limit: int, *, exclude: Collection[int] = ()) -> list[OwedTrustedMessage]:
        """Claim messages that are owed and free, the oldest first, but for some that we send.

        Who is in danger is not told now that the one they trust has left.
        """
        rows = await self._database.write(_claim, limit, tuple(exclude), self._lease_owner.lease())
        return [
            OwedTrustedMessage(
                *(row.id, row.link_id, row.kind, row.recipient, row.about),
                name=None
                if row.name is None
                else self._cipher.decrypt_text(row.name, message_name_place(row)),
            )
            for row in rows
        ]

    async def drop(self, message_id: int) -> None:
        """Note that a message is out, or will not be taken however often it is tried."""
        await self._database.write(_drop, message_id)

    async def end_help(self, owed: OwedTrustedMessage, *, delivered: bool) -> None:
        """Note how telling the trusted one has ended, and owe the person the word of it."""
        await self._database.write(_end_help, owed, delivered)

    async def postpone(self, message_id: int, by: timedelta) -> None:
        """Release a message that could not be sent, to be tried again after a while."""
        await self._database.write(_postpone, message_id, self._lease_owner.clock() + by)

    async def renew(self, message_ids: Collection[int]) -> None:
        """Prolong our leases."""
        await self._database.write(_LEASES.renew, tuple(message_ids), self._lease_owner.lease())

    async def release_others(self) -> int:
        """Release every message of another owner, for a bot that knows it is the only one."""
        return await self._database.write(_LEASES.release_others, self._lease_owner.id)


def name_place(user_id: int) -> Place:
    """Where the ciphertext of what a person calls the one they trust belongs."""
    return _place("trusted_persons.name", user_id)


def called_place(user_id: int) -> Place:
    """Where the ciphertext of what a person is called by the one they trust belongs."""
    return _place("trusted_persons.called", user_id)


def _place(column: str, user_id: int) -> Place:
    """A person trusts one at a time: the person is the row."""
    version_1 = f"{column}:{user_id}".encode()
    return Place(column, (), user_id=user_id, chat_id=None, version_1=version_1)


def message_name_place(row: AnyRow) -> Place:
    """Where the ciphertext in a message belongs: it is copied from the row of the two."""
    return called_place(row.about) if row.kind in _TO_THE_TRUSTED else name_place(row.recipient)


def owe_message(
    connection: sa.Connection, link: AnyRow, kind: TrustedMessageKind, *, erased: bool = False
) -> None:
    """Owe a message between two; `link` is their row. `erased`: the other one is, name and all."""
    to_trusted = kind in _TO_THE_TRUSTED
    other = None if erased else link.user_id if to_trusted else link.trusted_id
    connection.execute(
        sa.insert(TrustedMessageRow),
        {
            "link_id": link.id,
            "kind": kind,
            "recipient": link.trusted_id if to_trusted else link.user_id,
            "about": other,
            # What the person calls the other one is the person's own.
            "name": link.name if not to_trusted else None if erased else link.called,
        },
    )


def drop_for_link(connection: sa.Connection, link_id: int) -> None:
    """Tell nothing more of what was still owed between two."""
    connection.execute(sa.delete(TrustedMessageRow).where(TrustedMessageRow.link_id == link_id))


def _claim(
    connection: sa.Connection, limit: int, exclude: tuple[int, ...], lease: Lease
) -> list[AnyRow]:
    in_danger = sa.exists().where(
        RiskRow.user_id == TrustedMessageRow.recipient,
        RiskRow.level >= CARD_FROM,
        RiskRow.until > lease.now,
    )
    waits = sa.and_(TrustedMessageRow.kind.in_(_WAITS_FOR_A_BETTER_HOUR), in_danger)
    rows = connection.execute(
        sa.select(
            TrustedMessageRow.id,
            TrustedMessageRow.link_id,
            TrustedMessageRow.kind,
            TrustedMessageRow.recipient,
            TrustedMessageRow.about,
            TrustedMessageRow.name,
        )
        .where(_LEASES.is_free(lease.now), TrustedMessageRow.id.not_in(exclude), sa.not_(waits))
        .order_by(TrustedMessageRow.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    _LEASES.claim(connection, [row.id for row in rows], lease)
    return list(rows)


def _drop(connection: sa.Connection, message_id: int) -> None:
    connection.execute(sa.delete(TrustedMessageRow).where(TrustedMessageRow.id == message_id))


def _end_help(connection: sa.Connection, owed: OwedTrustedMessage, delivered: bool) -> None:
    _drop(connection, owed.id)
    link = connection.execute(
        sa.select(*TrustedPersonRow.__table__.columns).where(TrustedPersonRow.id == owed.link_id)
    ).one_or_none()
    if link is not None:
        owe_message(connection, link, "told" if delivered else "not_told")


def _postpone(connection: sa.Connection, message_id: int, again: datetime) -> None:
    connection.execute(
        sa.update(TrustedMessageRow)
        .where(TrustedMessageRow.id == message_id)
        .values(owner=None, lease_until=again)
    )


def erase_for_user(connection: sa.Connection, user_id: int) -> None:
    """Delete what is owed to a person, or about them."""
    either = sa.or_(TrustedMessageRow.recipient == user_id, TrustedMessageRow.about == user_id)
    connection.execute(sa.delete(TrustedMessageRow).where(either))
