from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.conversation.breaker import EngineCircuitBreaker
from tests.clock import FakeClock, settle

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Engine:
    """Gives a sign of life when it is let."""

    def __init__(self) -> None:
        self.signs = asyncio.Event()

    async def ready(self) -> bool:
        await self.signs.wait()
        return True


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
async def breaker(engine: Engine, clock: FakeClock) -> AsyncIterator[EngineCircuitBreaker]:
    breaker = EngineCircuitBreaker(engine.ready, sleep=clock.sleep)
    yield breaker
    await breaker.aclose()


async def test_two_silences_in_a_row_mean_that_the_engine_is_down(
    breaker: EngineCircuitBreaker,
) -> None:
    breaker.record_timeout()
    assert not breaker.is_down
    breaker.record_answer()
    breaker.record_timeout()
    assert not breaker.is_down
    breaker.record_timeout()
    assert breaker.is_down


async def test_first_sign_of_life_lets_one_turn_try_and_its_answer_lets_all_go(
    breaker: EngineCircuitBreaker, engine: Engine, clock: FakeClock
) -> None:
    breaker.record_unavailable()
    turns = [asyncio.ensure_future(breaker.wait()) for _ in range(3)]
    engine.signs.set()
    await clock.advance(1)
    assert [turn.done() for turn in turns] == [True, False, False]
    assert breaker.is_down

    breaker.record_answer()
    await settle()
    assert all(turn.done() for turn in turns)
    assert not breaker.is_down


async def test_late_sign_of_life_does_not_make_a_silence_after_it_the_first(
    breaker: EngineCircuitBreaker, engine: Engine, clock: FakeClock
) -> None:
    breaker.record_unavailable()
    await clock.advance(1)
    breaker.record_answer()  # by a turn that was under way
    breaker.record_timeout()

    engine.signs.set()  # what the probe has asked for before
    await settle()

    breaker.record_timeout()
    assert breaker.is_down
