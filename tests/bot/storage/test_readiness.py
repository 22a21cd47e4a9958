"""Readiness is a write, and not one for everybody who asks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.storage import DatabaseFull
from bot.storage.readiness import HOLDS_FOR, Readiness

if TYPE_CHECKING:
    from datetime import timedelta


class CountedJobs:
    """Jobs of a database that can be full."""

    def __init__(self) -> None:
        self.written = 0
        self.is_full = False

    async def claim(self, _name: str, _every: timedelta) -> bool:
        await asyncio.sleep(0)
        if self.is_full:
            raise DatabaseFull
        self.written += 1
        return True


async def test_a_flood_of_questions_writes_one_row_in_a_while() -> None:
    jobs, now = CountedJobs(), [100.0]
    readiness = Readiness(jobs, clock=lambda: now[0])  # type: ignore[arg-type]
    assert all(await asyncio.gather(*(readiness.check() for _ in range(50))))
    assert jobs.written == 1
    now[0] += HOLDS_FOR
    assert all(await asyncio.gather(*(readiness.check() for _ in range(50))))
    assert jobs.written == 2


async def test_a_full_disk_and_its_end_are_seen_once_the_answer_is_old() -> None:
    jobs, now = CountedJobs(), [100.0]
    readiness = Readiness(jobs, clock=lambda: now[0])  # type: ignore[arg-type]
    assert await readiness.check()
    jobs.is_full = True
    now[0] += HOLDS_FOR
    assert not await readiness.check()
    jobs.is_full = False
    assert not await readiness.check()
    now[0] += HOLDS_FOR
    assert await readiness.check()
