"""Waiting with a limit: what comes first counts, and nothing is left running."""

from __future__ import annotations

import asyncio

import pytest

from bot.timeouts import wait_for_result, wait_with_limit
from tests.clock import FakeClock, settle


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


async def test_work_that_is_done_in_time_counts(clock):
    done = asyncio.Event()
    waiting = asyncio.create_task(wait_with_limit(done.wait(), clock.sleep(5)))
    await settle()
    done.set()
    assert await waiting
    assert clock.sleepers == 0


async def test_work_that_is_late_is_given_up(clock):
    work = asyncio.create_task(asyncio.Event().wait())
    waiting = asyncio.create_task(wait_with_limit(work, clock.sleep(5)))
    await clock.advance(5)
    assert not await waiting
    assert work.cancelled()


async def test_what_the_work_raises_is_raised(clock):
    async def broken():
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await wait_with_limit(broken(), clock.sleep(5))
    assert clock.sleepers == 0


async def test_who_is_cancelled_leaves_nothing_running(clock):
    work = asyncio.create_task(asyncio.Event().wait())
    waiting = asyncio.create_task(wait_with_limit(work, clock.sleep(5)))
    await settle()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert work.cancelled()
    assert clock.sleepers == 0


async def test_a_result_in_time_is_given_back_and_a_late_one_is_a_timeout(clock):
    assert await wait_for_result(asyncio.sleep(0, "here"), clock.sleep(5)) == "here"
    waiting = asyncio.create_task(wait_for_result(asyncio.Event().wait(), clock.sleep(5)))
    await clock.advance(5)
    with pytest.raises(TimeoutError):
        await waiting
