"""The loops behind everything: what is old is deleted, and a fault does not end them."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa
from telegram.error import RetryAfter

from bot.storage import DatabaseUnavailable, LeaseOwner, NewUpdate
from bot.storage.models import TurnRow
from bot.telegram.inbound.leader import LEASE, RENEW_SECONDS
from bot.telegram.maintenance import HEARTBEAT_SECONDS, PURGE_EVERY, SWEEP_SECONDS
from tests.bot.telegram.room import rest
from tests.bot.telegram.updates import PERSON, message


@pytest.fixture
def maintenance(room):
    return room.maintenance


async def arrived(storage, days_ago, update_id):
    moment = storage.clock() - timedelta(days=days_ago)
    await storage.inbox.add(NewUpdate(update_id, PERSON, "express", b"{}", moment))


async def known(storage, update_id):
    """Whether an update is still stored: a repeat of it is then no news."""
    again = NewUpdate(update_id, PERSON, "express", b"{}", storage.clock())
    return not await storage.inbox.add(again)


async def test_updates_that_ended_a_week_ago_are_deleted_and_waiting_ones_are_not(
    maintenance, storage
):
    for update_id, days_ago in ((1, 8), (2, 8), (3, 8), (4, 6)):
        await arrived(storage, days_ago, update_id)
    await storage.inbox.finish_all([1, 4])
    await storage.inbox.fail(2, "handler_error")
    await maintenance.purge()
    assert [await known(storage, update_id) for update_id in (1, 2, 3, 4)] == [
        False,
        False,
        True,
        True,
    ]


async def test_updates_are_deleted_once_an_hour(maintenance, storage, clock):
    await maintenance.purge()
    await arrived(storage, 8, 1)
    await storage.inbox.finish(1)
    await maintenance.purge()
    assert await known(storage, 1)
    clock.now += PURGE_EVERY.total_seconds()
    await maintenance.purge()
    assert not await known(storage, 1)


@pytest.mark.parametrize("fault", [RuntimeError(), DatabaseUnavailable("away")], ids=repr)
async def test_the_sweep_goes_on_after_a_fault(room, maintenance, monkeypatch, fault):
    calls = []

    async def broken(_, exclude):
        calls.append(1)
        raise fault

    monkeypatch.setattr(type(room.storage.inbox), "release_expired", broken)
    maintenance.start()
    await room.passes(3 * SWEEP_SECONDS)
    await maintenance.stop()
    assert len(calls) >= 3


@pytest.fixture
async def answering(room, engine):
    """A process that is in the middle of an answer."""
    engine.will("我在听，", asyncio.Event())
    await room.arrive(message("睡不着"))
    await room.passes(2)
    return room


@pytest.mark.parametrize("fault", [RuntimeError(), DatabaseUnavailable("away")], ids=repr)
async def test_the_heartbeat_goes_on_after_a_fault(answering, monkeypatch, fault):
    calls = []

    async def broken(_, turn_ids):
        calls.append(list(turn_ids))
        raise fault

    monkeypatch.setattr(type(answering.storage.turns), "renew", broken)
    answering.maintenance.start()
    await answering.passes(3 * HEARTBEAT_SECONDS)
    await answering.maintenance.stop()
    assert calls == [[1]] * 3


async def test_an_alert_that_waits_for_telegram_is_sent_by_no_other_process(open_room):
    team = -900
    first = open_room(admin_chat=team)
    await first.passes(1)
    first.maintenance.start()
    first.bot.chat_faults[team].append(RetryAfter(90))
    await first.arrive(message("我不想活了"))
    await first.passes(1)
    second = open_room(admin_chat=team)
    await second.passes(80)
    assert first.bot.texts(team) == []
    await second.passes(20)
    assert len(first.bot.texts(team)) == 1
    await first.maintenance.stop()


async def test_the_heartbeat_lets_go_of_turns_that_are_somebody_elses(answering, engine):
    await answering.storage.database.write(
        lambda connection: connection.execute(sa.update(TurnRow).values(owner="another replica"))
    )
    answering.maintenance.start()
    await answering.passes(3 * HEARTBEAT_SECONDS)
    await answering.maintenance.stop()
    assert await answering.turns() == [("answering", None)]
    assert answering.running_turns.held == []
    assert len(engine.prompts) == 1


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
    longest = LeaseOwner("anybody").duration.total_seconds() + SWEEP_SECONDS
    assert longest < 30
    assert LeaseOwner("anybody").duration.total_seconds() > HEARTBEAT_SECONDS * 3
    assert LEASE.total_seconds() + RENEW_SECONDS < 30
