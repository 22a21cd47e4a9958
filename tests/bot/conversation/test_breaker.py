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
async def availability(engine: Engine, clock: FakeClock) -> AsyncIterator[EngineCircuitBreaker]:
    availability = EngineCircuitBreaker(engine.ready, sleep=clock.sleep)
    yield availability
    await availability.aclose()


async def test_two_silences_in_a_row_mean_that_the_engine_is_down(
    availability: EngineCircuitBreaker,
) -> None:
    availability.silent()
    assert not availability.is_down
    availability.answered()
    availability.silent()
    assert not availability.is_down
    availability.silent()
    assert availability.is_down


async def test_first_sign_of_life_lets_one_turn_try_and_its_answer_lets_all_go(
    availability: EngineCircuitBreaker, engine: Engine, clock: FakeClock
) -> None:
    availability.unavailable()
    turns = [asyncio.ensure_future(availability.wait()) for _ in range(3)]
    engine.signs.set()
    await clock.advance(1)
    assert [turn.done() for turn in turns] == [True, False, False]
    assert availability.is_down

    availability.answered()
    await settle()
    assert all(turn.done() for turn in turns)
    assert not availability.is_down


async def test_late_sign_of_life_does_not_make_a_silence_after_it_the_first(
    availability: EngineCircuitBreaker, engine: Engine, clock: FakeClock
) -> None:
    availability.unavailable()
    await clock.advance(1)
    availability.answered()  # by a turn that was under way
    availability.silent()

    engine.signs.set()  # what the probe has asked for before
    await settle()

    availability.silent()
    assert availability.is_down
