"""The loops behind everything: what is old is deleted, and a fault does not end them."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.storage import DatabaseUnavailable, LeaseOwner, NewUpdate
from bot.telegram import upkeep as upkeep_module
from bot.telegram.inbound.election import LEASE, RENEW_SECONDS
from bot.telegram.upkeep import PURGE_EVERY
from tests.bot.telegram.room import rest
from tests.bot.telegram.updates import PERSON


@pytest.fixture
def upkeep(room):
    return room.upkeep


@pytest.fixture
def at_once(monkeypatch):
    """Loops that pause for no time."""
    for name in ("SWEEP_SECONDS", "MIN_SWEEP_PAUSE", "HEARTBEAT_SECONDS"):
        monkeypatch.setattr(upkeep_module, name, 0)


async def arrived(storage, days_ago, update_id):
    moment = storage.clock() - timedelta(days=days_ago)
    await storage.inbox.add(NewUpdate(update_id, PERSON, "express", b"{}", moment))


async def known(storage, update_id):
    """Whether an update is still stored: a repeat of it is then no news."""
    again = NewUpdate(update_id, PERSON, "express", b"{}", storage.clock())
    return not await storage.inbox.add(again)


async def test_updates_that_ended_a_week_ago_are_deleted_and_waiting_ones_are_not(upkeep, storage):
    for update_id, days_ago in ((1, 8), (2, 8), (3, 8), (4, 6)):
        await arrived(storage, days_ago, update_id)
    await storage.inbox.finish_all([1, 4])
    await storage.inbox.fail(2, "handler_error")
    await upkeep._purge()
    assert [await known(storage, update_id) for update_id in (1, 2, 3, 4)] == [
        False,
        False,
        True,
        True,
    ]


async def test_updates_are_deleted_once_an_hour(upkeep, storage, clock):
    await upkeep._purge()
    await arrived(storage, 8, 1)
    await storage.inbox.finish(1)
    await upkeep._purge()
    assert await known(storage, 1)
    clock.now += PURGE_EVERY.total_seconds()
    await upkeep._purge()
    assert not await known(storage, 1)


async def goes_on_after(loop, calls, ticks=3):
    """Run a loop that pauses for no time until it has called often enough."""
    task = asyncio.create_task(loop())
    for _ in range(1000):
        await asyncio.sleep(0)
        if len(calls) >= ticks:
            break
    ended = task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await rest()
    return len(calls) >= ticks and not ended


@pytest.mark.parametrize("fault", [RuntimeError(), DatabaseUnavailable("away")], ids=repr)
async def test_the_sweep_goes_on_after_a_fault(upkeep, storage, at_once, monkeypatch, fault):
    calls = []

    async def broken(_, exclude):
        calls.append(1)
        raise fault

    monkeypatch.setattr(type(storage.inbox), "release_expired", broken)
    assert await goes_on_after(upkeep._sweep, calls)


@pytest.mark.parametrize("fault", [RuntimeError(), DatabaseUnavailable("away")], ids=repr)
async def test_the_heartbeat_goes_on_after_a_fault(upkeep, storage, at_once, monkeypatch, fault):
    calls = []

    async def broken(_, turn_ids):
        calls.append(turn_ids)
        raise fault

    upkeep._answering.claims.begin(1)
    monkeypatch.setattr(type(storage.turns), "renew", broken)
    assert await goes_on_after(upkeep._heartbeat, calls)


async def test_the_heartbeat_lets_go_of_turns_that_are_somebody_elses(
    upkeep, storage, at_once, monkeypatch
):
    abandoned = []
    upkeep._answering.claims.begin(1)
    monkeypatch.setattr(upkeep._answering._generations, "abandon", abandoned.append)
    assert await goes_on_after(upkeep._heartbeat, abandoned)
    assert abandoned[0] == {1}


@pytest.mark.parametrize("fault", [RuntimeError(), DatabaseUnavailable("away")], ids=repr)
async def test_the_express_lane_goes_on_after_a_fault(room, monkeypatch, fault):
    calls = []

    async def broken(_, limit, **_options):
        calls.append(limit)
        raise fault

    monkeypatch.setattr(type(room.storage.inbox), "claim_express", broken)
    for _ in range(3):
        room.update_handler.wake()
        await rest()
    assert len(calls) == 3


def test_the_turns_of_a_dead_replica_are_found_within_half_a_minute():
    longest = LeaseOwner("anybody").duration.total_seconds() + upkeep_module.SWEEP_SECONDS
    assert longest < 30
    assert LeaseOwner("anybody").duration.total_seconds() > upkeep_module.HEARTBEAT_SECONDS * 3
    assert LEASE.total_seconds() + RENEW_SECONDS < 30
