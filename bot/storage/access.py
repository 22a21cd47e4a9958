"""Who may use the bot and who runs it: bans, roles, personal quotas, and the switches.

All of it is small and asked for at every message, so a process keeps a copy (`AccessRules`), which
a notification has it read again. A change is on its way to other replicas when it commits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from bot.storage.db.dialect import insert, lock_admissions
from bot.storage.db.encryption import Place
from bot.storage.models import BanRow, QuotaRow, RoleGrantRow, SwitchRow, UserRow
from bot.storage.notifications import Notification, send

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.storage.db.clock import Clock
    from bot.storage.db.database import Database
    from bot.storage.db.dialect import AnyRow
    from bot.storage.db.encryption import Cipher

NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""When a person was last seen who was let in and has not written yet, so cannot be written to."""
MAINTENANCE: Final = "maintenance"
DRAIN: Final = "drain:"
"""Before what a node of the engine is known by that gets no work."""
_CHANGED: Final = Notification("access")


class Role(IntEnum):
    """What a person may do beside talking; each role may do what those below it may."""

    VIEWER = 1
    """Sees how the bot is doing."""
    DUTY = 2
    """Takes people over, and answers complaints."""
    ADMIN = 3


@dataclass(frozen=True, slots=True)
class AccessRules:
    """What every process keeps at hand. `roles` are those given in the chat."""

    banned: frozenset[int] = frozenset()
    roles: Mapping[int, Role] = field(default_factory=dict)
    quotas: Mapping[int, int] = field(default_factory=dict)
    """Answers a day by person; 0: no limit."""
    maintenance_since: datetime | None = None
    drained: frozenset[str] = frozenset()
    """The nodes of the engine that get no work."""


@dataclass(frozen=True, slots=True)
class Ban:
    """Why and since when a person may not use the bot; for admins alone."""

    person_id: int
    reason: str | None
    banned_by: int
    banned_at: datetime


class Access:
    """The rules, and admissions. Each method is one transaction."""

    def __init__(self, database: Database, cipher: Cipher, clock: Clock) -> None:
        self._database = database
        self._cipher = cipher
        self._clock = clock

    async def rules(self) -> AccessRules:
        """All rules as they are now."""
        return await self._database.read(_rules)

    async def ban(self, person_id: int, banned_by: int, reason: str) -> None:
        """Keep a person out, for a reason in an admin's words; it takes the place of another."""
        sealed = self._cipher.encrypt_text(reason, reason_place(person_id)) if reason else None
        row: dict[str, object] = {
            "reason": sealed,
            "banned_by": banned_by,
            "banned_at": self._clock(),
        }
        await self._database.write(_ban, person_id, row)

    async def unban(self, person_id: int) -> bool:
        """Let a person in again; whether they were banned."""
        return await self._database.write(_unban, person_id)

    async def list_bans(self, limit: int) -> list[Ban]:
        """Who is banned, the newest first."""
        rows = await self._database.read(_bans, limit)
        return [
            Ban(
                row.person_id,
                None
                if row.reason is None
                else self._cipher.decrypt_text(row.reason, reason_place(row.person_id)),
                row.banned_by,
                row.banned_at,
            )
            for row in rows
        ]

    async def grant(self, holder_id: int, role: Role, granted_by: int) -> None:
        """Give a role, in the place of another that was given."""
        row = {"role": int(role), "granted_by": granted_by, "granted_at": self._clock()}
        await self._database.write(_grant, holder_id, row)

    async def revoke(self, holder_id: int) -> bool:
        """Take a role away that was given in the chat; whether there was one."""
        return await self._database.write(_revoke, holder_id)

    async def set_quota(self, user_id: int, answers_per_day: int | None) -> None:
        """Give a person a limit of their own; 0: none at all, None: the one of all others."""
        await self._database.write(_set_quota, user_id, answers_per_day)

    async def set_maintenance(self, *, on: bool) -> bool:
        """Switch maintenance on or off; False where it was so already."""
        return await self._database.write(_switch, MAINTENANCE, self._clock() if on else None)

    async def set_drained(self, node: str, *, on: bool) -> bool:
        """Have a node of the engine get no work, or get it again; False where it was so already."""
        return await self._database.write(_switch, DRAIN + node, self._clock() if on else None)

    async def is_admitted(self, user_id: int) -> bool:
        """Whether a person was let in once."""
        return await self._database.read(_is_admitted, user_id)

    async def admit(self, user_id: int, *, most: int = 0) -> bool:
        """Let a person in, unless there are `most` already (0: no limit); whether they are in."""
        return await self._database.write(_admit, user_id, self._clock(), most)

    async def claim_pause_notice(self, user_id: int, since: datetime) -> bool:
        """Whether to tell a person now of a maintenance: true once for one replica."""
        return await self._database.write(_tell_pause, user_id, since, self._clock())


def admit(
    connection: sa.Connection, user_id: int, now: datetime, invite_id: int | None = None
) -> bool:
    """Let a person in; False where they are in already."""
    if _is_admitted(connection, user_id):
        return False
    values = {"admitted_at": now, "invite_id": invite_id}
    statement = insert(connection, UserRow).values(
        id=user_id, created_at=now, last_seen_at=NEVER, **values
    )
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))
    return True


def reason_place(person_id: int) -> Place:
    """Where the ciphertext of the reason of a ban belongs."""
    return Place("bans.reason", (), user_id=person_id, chat_id=None, version_1=b"")


def erase_for_user(connection: sa.Connection, user_id: int) -> None:
    """Forget a person's own limit. A ban stays: an erasure is no way around it."""
    connection.execute(sa.delete(QuotaRow).where(QuotaRow.user_id == user_id))
    send(connection, _CHANGED)


def _rules(connection: sa.Connection) -> AccessRules:
    banned = connection.scalars(sa.select(BanRow.person_id))
    roles = connection.execute(sa.select(RoleGrantRow.holder_id, RoleGrantRow.role))
    rows = connection.execute(sa.select(SwitchRow.name, SwitchRow.on_since))
    switches = {row.name: row.on_since for row in rows}
    quotas = connection.execute(sa.select(QuotaRow.user_id, QuotaRow.answers_per_day))
    return AccessRules(
        banned=frozenset(banned),
        roles={holder: Role(role) for holder, role in roles},
        quotas={row.user_id: row.answers_per_day for row in quotas},
        maintenance_since=switches.get(MAINTENANCE),
        drained=frozenset(name.removeprefix(DRAIN) for name in switches if name.startswith(DRAIN)),
    )


def _ban(connection: sa.Connection, person_id: int, values: dict[str, object]) -> None:
    statement = insert(connection, BanRow).values(person_id=person_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["person_id"], set_=values))
    send(connection, _CHANGED)


def _unban(connection: sa.Connection, person_id: int) -> bool:
    was_banned = connection.execute(sa.delete(BanRow).where(BanRow.person_id == person_id)).rowcount
    send(connection, _CHANGED)
    return was_banned > 0


def _bans(connection: sa.Connection, limit: int) -> list[AnyRow]:
    return list(
        connection.execute(
            sa.select(BanRow.person_id, BanRow.reason, BanRow.banned_by, BanRow.banned_at)
            .order_by(BanRow.banned_at.desc(), BanRow.person_id)
            .limit(limit)
        )
    )


def _grant(connection: sa.Connection, holder_id: int, values: dict[str, object]) -> None:
    statement = insert(connection, RoleGrantRow).values(holder_id=holder_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["holder_id"], set_=values))
    send(connection, _CHANGED)


def _revoke(connection: sa.Connection, holder_id: int) -> bool:
    theirs = RoleGrantRow.holder_id == holder_id
    had_one = connection.execute(sa.delete(RoleGrantRow).where(theirs)).rowcount
    send(connection, _CHANGED)
    return had_one > 0


def _set_quota(connection: sa.Connection, user_id: int, answers_per_day: int | None) -> None:
    connection.execute(sa.delete(QuotaRow).where(QuotaRow.user_id == user_id))
    if answers_per_day is not None:
        row = {"user_id": user_id, "answers_per_day": answers_per_day}
        connection.execute(sa.insert(QuotaRow), row)
    send(connection, _CHANGED)


def _switch(connection: sa.Connection, name: str, on_since: datetime | None) -> bool:
    if on_since is None:
        changed = connection.execute(sa.delete(SwitchRow).where(SwitchRow.name == name)).rowcount
    else:
        statement = insert(connection, SwitchRow).values(name=name, on_since=on_since)
        changed = connection.execute(statement.on_conflict_do_nothing()).rowcount
    send(connection, _CHANGED)
    return changed > 0


def _admit(connection: sa.Connection, user_id: int, now: datetime, most: int) -> bool:
    lock_admissions(connection)
    if most and not _is_admitted(connection, user_id):
        count = sa.select(sa.func.count()).where(UserRow.admitted_at.is_not(None))
        if (connection.scalar(count) or 0) >= most:
            return False
    admit(connection, user_id, now)
    return True


def _is_admitted(connection: sa.Connection, user_id: int) -> bool:
    asked = sa.select(UserRow.id).where(UserRow.id == user_id, UserRow.admitted_at.is_not(None))
    return connection.scalar(asked) is not None


def _tell_pause(connection: sa.Connection, user_id: int, since: datetime, now: datetime) -> bool:
    untold = sa.or_(UserRow.pause_told_at.is_(None), UserRow.pause_told_at < since)
    return (
        connection.execute(
            sa.update(UserRow).where(UserRow.id == user_id, untold).values(pause_told_at=now)
        ).rowcount
        == 1
    )
