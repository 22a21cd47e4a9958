from __future__ import annotations

import asyncio
from datetime import date
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from bot.storage import Counters, Database, StorageError
from bot.storage.models import CounterRow

if TYPE_CHECKING:
    from tests.bot.storage.conftest import Replica, WallClock

YEAR = date(2026, 1, 1), date(2026, 12, 31)


async def test_counting_adds_up_over_days_and_replicas(
    replica: Replica, other_replica: Replica, clock: WallClock
) -> None:
    assert await replica.counters.totals(*YEAR) == {}
    await replica.counters.add("risk_high")
    await other_replica.counters.add("risk_high", 2)
    clock.advance(days=1)
    await replica.counters.add("risk_high")
    await replica.counters.add("card_sent")
    assert list((await replica.counters.totals(*YEAR)).items()) == [
        ("card_sent", 1),
        ("risk_high", 4),
    ]


async def test_totals_count_both_ends_of_the_time_and_nothing_beside_it(
    replica: Replica, clock: WallClock
) -> None:
    days = []
    for n in (1, 10, 100, 1000):
        days.append(clock().date())
        await replica.counters.add("card_sent", n)
        clock.advance(days=1)
    assert await replica.counters.totals(days[1], days[2]) == {"card_sent": 110}


async def test_replicas_that_count_at_once_lose_nothing(
    replica: Replica, other_replica: Replica
) -> None:
    await asyncio.gather(
        *(which.counters.add("card_sent") for which in [replica, other_replica] * 10)
    )
    assert await replica.counters.totals(*YEAR) == {"card_sent": 20}


async def test_a_database_that_is_away_costs_the_count_and_nothing_else(
    clock: WallClock,
) -> None:
    away = Database("postgresql://nobody@127.0.0.1:1/nowhere")
    await Counters(away, clock).add("card_sent")
    with pytest.raises(StorageError):
        await Counters(away, clock).totals(*YEAR)
    await away.aclose()


def test_a_count_belongs_to_nobody() -> None:
    assert set(sa.inspect(CounterRow).columns.keys()) == {"day", "name", "count"}
