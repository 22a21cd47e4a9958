"""Codes that let people in: for one or for many, until a moment; revoked by their number.

A code is shown once, to who made it. Here only its hash lies: it is random enough (80 bits) that
nobody finds the code from it.
"""

from __future__ import annotations

import hashlib
import secrets
from base64 import b32encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from bot.storage.access import admit
from bot.storage.db.dialect import lock_admissions
from bot.storage.models import InviteRow

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from bot.storage.db.clock import Clock
    from bot.storage.db.database import Database

CODE_BYTES: Final = 10
"""16 characters of base 32."""
KEPT: Final = 100
"""Invites that are listed at most."""


@dataclass(frozen=True, slots=True)
class Invite:
    """A code without its characters: how many it lets in, how many came, until when."""

    id: int
    uses: int
    used: int
    made_by: int
    made_at: datetime
    expires_at: datetime


class Invites:
    """The codes. Each method is one transaction."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def make(self, made_by: int, uses: int, lasts: timedelta) -> tuple[Invite, str]:
        """Make a code that lets in `uses` people; it is nowhere to be read afterwards."""
        code = b32encode(secrets.token_bytes(CODE_BYTES)).decode("ascii")
        now = self._clock()
        row = {
            "code_hash": _hash(code),
            "uses": uses,
            "used": 0,
            "made_by": made_by,
            "made_at": now,
            "expires_at": now + lasts,
        }
        number = await self._database.write(_insert, row)
        return Invite(number, uses, 0, made_by, now, now + lasts), code

    async def redeem(self, user_id: int, code: str) -> bool:
        """Let a person in by a code; whether they are in. Who is in already uses none up."""
        return await self._database.write(_redeem, user_id, _hash(code), self._clock())

    async def list_open(self) -> list[Invite]:
        """The codes that still let people in, the newest first."""
        return await self._database.read(_open, self._clock())

    async def revoke(self, invite_id: int) -> bool:
        """Have a code let nobody in any more; whether it did. Who came by it stays."""
        return await self._database.write(_revoke, invite_id, self._clock())


def _hash(code: str) -> bytes:
    return hashlib.sha256(b"shudong invite" + code.upper().encode("utf-8", "replace")).digest()


def _insert(connection: sa.Connection, row: dict[str, object]) -> int:
    return connection.execute(sa.insert(InviteRow).values(row).returning(InviteRow.id)).scalar_one()


def _redeem(connection: sa.Connection, user_id: int, code_hash: bytes, now: datetime) -> bool:
    usable = (
        InviteRow.code_hash == code_hash,
        InviteRow.used < InviteRow.uses,
        InviteRow.expires_at > now,
    )
    lock_admissions(connection)
    found = connection.execute(sa.select(InviteRow.id).where(*usable)).first()
    if found is None:
        return False
    if admit(connection, user_id, now, found.id):
        used = {"used": InviteRow.used + 1}
        connection.execute(sa.update(InviteRow).where(InviteRow.id == found.id).values(used))
    return True


def _open(connection: sa.Connection, now: datetime) -> list[Invite]:
    rows = connection.execute(
        sa.select(
            InviteRow.id,
            InviteRow.uses,
            InviteRow.used,
            InviteRow.made_by,
            InviteRow.made_at,
            InviteRow.expires_at,
        )
        .where(InviteRow.used < InviteRow.uses, InviteRow.expires_at > now)
        .order_by(InviteRow.id.desc())
        .limit(KEPT)
    )
    return [Invite(*row) for row in rows]


def _revoke(connection: sa.Connection, invite_id: int, now: datetime) -> bool:
    still_open = (InviteRow.id == invite_id, InviteRow.expires_at > now)
    statement = sa.update(InviteRow).where(*still_open).values(expires_at=now)
    return connection.execute(statement).rowcount > 0
