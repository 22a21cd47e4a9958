"""Who may use the bot and who runs it: what is kept, told to replicas, and survives an erasure."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.storage import (
    Access,
    AccessRules,
    Cipher,
    Database,
    Invites,
    Notification,
    Notifications,
    Role,
    generate_key,
    reencrypt,
)

if TYPE_CHECKING:
    from tests.bot.storage.conftest import Replica, WallClock

ADMIN, PERSON, REASON = 9, 7, "总在骚扰别人"


@pytest.fixture
def access(database: Database, cipher: Cipher, clock: WallClock) -> Access:
    return Access(database, cipher, clock)


@pytest.fixture
def invites(database: Database, clock: WallClock) -> Invites:
    return Invites(database, clock)


async def test_rules_are_what_was_set_last(access: Access, clock: WallClock) -> None:
    await access.ban(PERSON, ADMIN, "")
    await access.grant(2, Role.VIEWER, ADMIN)
    await access.grant(2, Role.DUTY, ADMIN)
    await access.set_quota(3, 5)
    await access.set_quota(3, 6)
    assert await access.set_maintenance(on=True)
    since = clock()
    clock.advance(hours=1)
    assert not await access.set_maintenance(on=True)
    rules = await access.rules()
    assert (rules.banned, rules.roles, rules.quotas) == ({PERSON}, {2: Role.DUTY}, {3: 6})
    assert rules.maintenance_since == since

    assert [await access.unban(PERSON) for _ in range(2)] == [True, False]
    assert [await access.revoke(2) for _ in range(2)] == [True, False]
    assert [await access.set_maintenance(on=False) for _ in range(2)] == [True, False]
    await access.set_quota(3, None)
    rules = await access.rules()
    assert rules == AccessRules()


async def test_the_reason_of_a_ban_rests_encrypted_under_the_newest_key(
    database: Database, clock: WallClock
) -> None:
    old, new = generate_key(), generate_key()
    await Access(database, Cipher.from_keys([old]), clock).ban(PERSON, ADMIN, REASON)
    async for _ in reencrypt(database, Cipher.from_keys([new, old])):
        pass
    [ban] = await Access(database, Cipher.from_keys([new]), clock).list_bans(9)
    assert (ban.person_id, ban.reason, ban.banned_by) == (PERSON, REASON, ADMIN)


async def test_an_erasure_ends_no_ban_but_what_was_given_to_the_person(
    access: Access, replica: Replica
) -> None:
    await access.admit(PERSON)
    await access.ban(PERSON, ADMIN, REASON)
    await access.set_quota(PERSON, 5)
    await replica.users.erase(PERSON)
    rules = await access.rules()
    assert (rules.banned, rules.quotas) == ({PERSON}, {})
    assert not await access.is_admitted(PERSON)


async def test_so_many_come_in_and_no_more_however_many_knock_at_once(access: Access) -> None:
    came = await asyncio.gather(*(access.admit(number, most=3) for number in range(1, 9)))
    assert sum(came) == 3
    inside = next(number for number, is_in in enumerate(came, start=1) if is_in)
    assert await access.admit(inside, most=3)


async def test_who_was_seen_is_in_where_that_is_enough(access: Access, replica: Replica) -> None:
    await replica.users.record_seen(PERSON, "zh", admits=False)
    assert not await access.is_admitted(PERSON)
    await replica.users.record_seen(PERSON, "en")
    assert await access.is_admitted(PERSON)
    await replica.users.record_seen(PERSON, "zh", admits=False)
    assert await access.is_admitted(PERSON)


async def test_who_only_chose_a_region_is_not_in(access: Access, replica: Replica) -> None:
    await replica.users.set_region(PERSON, "tw")
    assert not await access.is_admitted(PERSON)
    assert await access.admit(PERSON, most=1)


async def test_a_code_lets_in_as_many_as_it_says(
    access: Access, invites: Invites, clock: WallClock
) -> None:
    invite, code = await invites.make(ADMIN, 2, timedelta(days=1))
    came = await asyncio.gather(*(invites.redeem(number, code) for number in range(1, 6)))
    assert sum(came) == 2
    assert await access.is_admitted(1 + came.index(True))
    assert await invites.list_open() == []
    _, other = await invites.make(ADMIN, 9, timedelta(days=1))
    assert await invites.redeem(20, other.lower())
    assert [(one.used, one.made_by) for one in await invites.list_open()] == [(1, ADMIN)]
    clock.advance(days=1)
    assert not await invites.redeem(21, other)
    assert not await invites.redeem(21, "A" * 16)
    assert invite.expires_at < clock() + timedelta(seconds=1)


async def test_a_code_that_was_revoked_lets_nobody_in_and_nobody_out(
    access: Access, invites: Invites
) -> None:
    invite, code = await invites.make(ADMIN, 9, timedelta(days=1))
    assert await invites.redeem(1, code)
    assert [await invites.revoke(invite.id) for _ in range(2)] == [True, False]
    assert not await invites.redeem(2, code)
    assert await access.is_admitted(1)


async def test_a_pause_is_told_once_to_each(
    access: Access, replica: Replica, clock: WallClock
) -> None:
    await replica.users.record_seen(PERSON, "zh")
    since = clock()
    assert [await access.claim_pause_notice(PERSON, since) for _ in range(2)] == [True, False]
    clock.advance(days=1)
    assert await access.claim_pause_notice(PERSON, clock())


async def test_other_replicas_hear_that_rules_have_changed(
    access: Access, database: Database
) -> None:
    notifications = Notifications(database)
    connected, heard = asyncio.Event(), asyncio.Event()

    def hear(notification: Notification) -> None:
        (heard if notification.kind == "access" else connected).set()

    listening = asyncio.create_task(notifications.listen(hear))
    if database.dialect == "sqlite":
        await listening  # there are no others
        return
    await connected.wait()
    await access.ban(PERSON, ADMIN, REASON)
    await heard.wait()
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
