"""The two loops, by a clock that only moves when the target works."""

from __future__ import annotations

import asyncio
from itertools import cycle
from random import Random
from typing import TYPE_CHECKING

import pytest

from inference.bench.dialogues import packaged
from inference.bench.figures import figures_of, percentile, ratios, table, to_json
from inference.bench.load import Answered, Bench, Run
from inference.engine import EngineUnavailable, Sampling
from tests.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from inference.engine import Message

FIRST, EACH, TOKENS = 0.5, 0.1, 11


class Machine:
    """Takes half a second to the first token and a tenth for each of ten more."""

    name = "machine"

    def __init__(self, clock: FakeClock, fails: Callable[[int], bool] = lambda _: False) -> None:
        self.clock = clock
        self.fails = fails
        self.now = self.most = self.asked = 0

    async def answer(
        self, messages: Sequence[Message], sampling: Sampling, began: Callable[[], None]
    ) -> int:
        self.asked += 1
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            if self.fails(self.asked):
                raise EngineUnavailable("it is down")
            await self.clock.sleep(FIRST)
            began()
            await self.clock.sleep(EACH * (TOKENS - 1))
        finally:
            self.now -= 1
        return TOKENS


async def play(clock: FakeClock, loop: asyncio.Task[Run]) -> Run:
    while not loop.done():
        await clock.advance(0.1)
    return await loop


async def test_a_closed_loop_keeps_so_many_at_work_until_all_is_asked() -> None:
    clock = FakeClock()
    machine = Machine(clock)
    bench = Bench(machine, Sampling(), clock=clock, sleep=clock.sleep)
    run = await play(
        clock, asyncio.create_task(bench.closed(cycle(packaged()), people=4, requests=20))
    )
    figures = figures_of(run)
    assert (machine.asked, machine.most, figures.requests) == (20, 4, 20)
    assert figures.tokens == 20 * TOKENS
    assert figures.ttft.p50 == pytest.approx(FIRST)
    assert figures.tpot.p99 == pytest.approx(EACH)
    assert figures.seconds == pytest.approx(5 * 1.5, abs=0.2)
    assert figures.tokens_per_second == pytest.approx(20 * TOKENS / figures.seconds)


async def test_an_open_loop_does_not_wait_for_answers() -> None:
    clock = FakeClock()
    machine = Machine(clock)
    bench = Bench(machine, Sampling(), clock=clock, sleep=clock.sleep)
    loop = bench.open(cycle(packaged()), rate=20, seconds=10, random=Random(1))
    figures = figures_of(await play(clock, asyncio.create_task(loop)))
    assert 150 < figures.requests < 250  # Poisson, 200 on average
    assert machine.most > 15  # 20 a second that stay 1.5 s each
    assert figures.load == "20 a second"


async def test_failures_are_counted_and_do_not_end_the_load() -> None:
    clock = FakeClock()
    machine = Machine(clock, fails=lambda asked: asked % 2 == 0)
    bench = Bench(machine, Sampling(), clock=clock, sleep=clock.sleep)
    loop = bench.closed(cycle(packaged()), people=2, requests=10)
    figures = figures_of(await play(clock, asyncio.create_task(loop)))
    assert (figures.requests, figures.failed) == (10, 5)
    assert figures.failures == {"EngineUnavailable": 5}
    assert figures.tokens == 5 * TOKENS


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(n) for n in range(1, 101)]
    assert [percentile(values, p) for p in (50, 90, 99)] == [50, 90, 99]
    assert percentile([7.0], 50) == percentile([7.0], 99) == 7


def test_a_load_that_failed_altogether_has_a_row_and_json() -> None:
    figures = figures_of(Run("4 at once", (), ("EngineTimeout",), 2.0))
    assert "| 4 at once | 1 | 1 | 0.00 | 0.0 |" in table([figures])
    assert to_json([figures])[0]["ttft"] == {"p50": None, "p90": None, "p99": None}


def test_the_ratio_compares_the_same_load() -> None:
    def at(load: str, tokens: int) -> Run:
        return Run(load, (Answered(0.1, 1.0, tokens),), (), 1.0)

    fast = [figures_of(at("1 at once", 50)), figures_of(at("64 at once", 900))]
    slow = to_json([figures_of(at("64 at once", 30))])
    assert ratios(fast, slow) == ["64 at once: 30.00 times the tokens a second"]
