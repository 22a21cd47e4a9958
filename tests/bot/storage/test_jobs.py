"""What only one replica may do at a time."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.bot.storage.conftest import Replica, WallClock

HOUR = timedelta(hours=1)
LEASE = timedelta(seconds=10)


async def test_a_job_is_one_replicas_in_each_period(
    replica: Replica, other_replica: Replica, clock: WallClock
) -> None:
    assert await replica.jobs.claim("purge", HOUR)
    assert not await replica.jobs.claim("purge", HOUR)
    assert not await other_replica.jobs.claim("purge", HOUR)
    assert await other_replica.jobs.claim("remind", HOUR)
    clock.advance(minutes=60)
    assert await other_replica.jobs.claim("purge", HOUR)
    assert not await replica.jobs.claim("purge", HOUR)


async def test_of_replicas_that_claim_at_once_one_gets_the_job(
    replica: Replica, other_replica: Replica
) -> None:
    claims = [jobs.claim("purge", HOUR) for jobs in (replica.jobs, other_replica.jobs) * 8]
    assert sorted(await asyncio.gather(*claims)) == [False] * 15 + [True]


async def test_a_lease_is_kept_by_whoever_prolongs_it(
    replica: Replica, other_replica: Replica, clock: WallClock
) -> None:
    for _ in range(5):
        assert await replica.jobs.hold("poll", LEASE)
        assert not await other_replica.jobs.hold("poll", LEASE)
        clock.advance(seconds=6)


async def test_the_lease_of_a_dead_replica_is_taken_over_when_it_has_run_out(
    replica: Replica, other_replica: Replica, clock: WallClock
) -> None:
    assert await replica.jobs.hold("poll", LEASE)
    clock.advance(seconds=10)
    assert await other_replica.jobs.hold("poll", LEASE)
    assert not await replica.jobs.hold("poll", LEASE)


async def test_a_lease_that_is_let_go_is_free_at_once(
    replica: Replica, other_replica: Replica
) -> None:
    assert await replica.jobs.hold("poll", LEASE)
    await other_replica.jobs.release("poll")
    assert not await other_replica.jobs.hold("poll", LEASE)
    await replica.jobs.release("poll")
    assert await other_replica.jobs.hold("poll", LEASE)
