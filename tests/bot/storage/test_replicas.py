"""What another replica has written with a key that is not here yet is not damaged."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.storage import (
    Cipher,
    Database,
    KeyNotHereYet,
    LeaseOwner,
    NewUpdate,
    Replicas,
    generate_key,
)
from tests.bot.storage.conftest import Replica, WallClock

if TYPE_CHECKING:
    from bot.storage import Lane

OLD, NEW = generate_key(), generate_key()


def update(number: int, clock: WallClock, lane: Lane = "chat") -> NewUpdate:
    return NewUpdate(number, 7, lane, b"{}", clock())


@pytest.fixture
def behind(database: Database, clock: WallClock) -> Replica:
    """A replica that was not started again since the new key was put in front."""
    return Replica(database, Cipher.from_keys([OLD]), "behind", clock)


@pytest.fixture
async def ahead(database: Database, clock: WallClock) -> Replica:
    """One that was, and has said so."""
    cipher, owner = Cipher.from_keys([NEW, OLD]), LeaseOwner(id="ahead", clock=clock)
    await Replicas(database, clock).report(owner, cipher, "1.0")
    return Replica(database, cipher, "ahead", clock)


async def test_a_message_waits_for_who_can_read_it(
    ahead: Replica, behind: Replica, clock: WallClock
) -> None:
    await ahead.inbox.add(update(1, clock))
    await behind.inbox.add(update(2, clock))
    with pytest.raises(KeyNotHereYet):
        await behind.inbox.list_pending(7)
    assert [one.update_id for one in await ahead.inbox.list_pending(7)] == [1, 2]
    assert (await behind.inbox.counts()).failed == 0


async def test_a_command_is_released_and_costs_no_other_its_answer(
    ahead: Replica, behind: Replica, clock: WallClock
) -> None:
    await ahead.inbox.add(update(1, clock, "express"))
    await behind.inbox.add(update(2, clock, "express"))
    assert [one.update_id for one in await behind.inbox.claim_express(10)] == [2]
    assert [one.update_id for one in await ahead.inbox.claim_express(10)] == [1]


async def test_a_turn_and_a_past_are_left_to_who_can_read_them(
    ahead: Replica, behind: Replica, clock: WallClock
) -> None:
    await ahead.inbox.add(update(1, clock))
    turn = await ahead.turns.begin(7, 7, "…", [1])
    assert turn is not None
    await ahead.turns.release([turn.id])
    assert await behind.turns.claim_unfinished(7) is None
    again = await ahead.turns.claim_unfinished(7)
    assert again is not None
    await ahead.turns.finish(turn.id, "…", "answered")
    with pytest.raises(KeyNotHereYet):
        await behind.turns.history(turn.conversation_id, 2, 10)
    assert len(await ahead.turns.history(turn.conversation_id, 2, 10)) == 1


async def test_a_key_that_no_replica_has_is_damage_and_holds_nothing_up(
    ahead: Replica, behind: Replica, clock: WallClock
) -> None:
    await ahead.inbox.add(update(1, clock))
    clock.advance(days=2)  # the one that had it has not been seen since
    await behind.inbox.add(update(2, clock))
    assert [one.update_id for one in await behind.inbox.list_pending(7)] == [2]
    assert (await behind.inbox.counts()).failed == 1


async def test_a_replica_that_has_left_or_is_silent_is_not_live(
    database: Database, clock: WallClock
) -> None:
    replicas, cipher = Replicas(database, clock), Cipher.from_keys([NEW, OLD])
    owners = [LeaseOwner(id=name, clock=clock) for name in ("silent", "left", "live")]
    for owner in owners:
        await replicas.report(owner, cipher, "1.0")
    await replicas.leave(owners[1])
    clock.now += timedelta(minutes=2)
    await replicas.report(owners[2], cipher, "1.0")
    found = {one.id: one for one in await replicas.list_all()}
    assert {name for name, one in found.items() if one.is_live} == {"live"}
    assert found["live"].key_ids == cipher.key_ids
