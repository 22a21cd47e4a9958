"""A node that failed rests, is checked, proves itself with one generation, and is whole again."""

from __future__ import annotations

import pytest

from inference.nodes.breaker import PAUSES, Breaker
from tests.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def breaker(clock: FakeClock) -> Breaker:
    return Breaker(clock)


def rest(breaker: Breaker, clock: FakeClock, *, good: bool = True) -> None:
    """Wait for the end of the pause and check the node."""
    clock.now = breaker.rests_until
    assert breaker.wants_check()
    breaker.checked(good=good)


def test_a_failure_takes_it_out_until_a_check_finds_it_well(
    breaker: Breaker, clock: FakeClock
) -> None:
    assert breaker.takes_work
    breaker.fail()
    assert not breaker.takes_work
    clock.now += PAUSES[0] - 0.1
    assert not breaker.wants_check()
    clock.now += 0.1
    assert breaker.wants_check()
    assert not breaker.takes_work
    breaker.checked(good=True)
    assert breaker.takes_work


def test_only_one_asks_whether_it_is_back(breaker: Breaker, clock: FakeClock) -> None:
    breaker.fail()
    clock.now += PAUSES[0]
    assert [breaker.wants_check(), breaker.wants_check()] == [True, False]


def test_half_open_it_takes_one_generation_at_a_time(breaker: Breaker, clock: FakeClock) -> None:
    breaker.fail()
    rest(breaker, clock)
    assert breaker.begin()
    assert not breaker.takes_work
    assert not breaker.begin()
    breaker.succeed()
    assert breaker.takes_work
    assert not breaker.begin()
    assert breaker.takes_work


def test_a_trial_that_its_caller_gave_up_says_nothing_about_the_node(
    breaker: Breaker, clock: FakeClock
) -> None:
    breaker.fail()
    rest(breaker, clock)
    breaker.begin()
    breaker.abandon()
    assert breaker.takes_work
    assert breaker.begin()


@pytest.mark.parametrize("good", [True, False])
def test_each_failure_in_a_row_makes_the_pause_longer(
    good: bool, breaker: Breaker, clock: FakeClock
) -> None:
    pauses = []
    breaker.fail()
    for _ in range(len(PAUSES) + 2):
        pauses.append(breaker.rests_until - clock.now)
        rest(breaker, clock, good=good)
        if good:  # well enough to list its model, but not to answer
            breaker.begin()
            breaker.fail()
    assert pauses == [*PAUSES, PAUSES[-1], PAUSES[-1]]


def test_a_burst_that_fails_together_is_one_failure(breaker: Breaker, clock: FakeClock) -> None:
    for _ in range(20):
        breaker.fail()
    assert breaker.rests_until - clock.now == PAUSES[0]


def test_an_answer_makes_up_for_earlier_failures(breaker: Breaker, clock: FakeClock) -> None:
    breaker.fail()
    rest(breaker, clock)
    breaker.begin()
    breaker.succeed()
    breaker.fail()
    assert breaker.rests_until - clock.now == PAUSES[0]


def test_an_answer_counts_more_than_a_check_that_comes_later(
    breaker: Breaker, clock: FakeClock
) -> None:
    breaker.fail()
    clock.now += PAUSES[0]
    assert breaker.wants_check()
    breaker.succeed()
    breaker.checked(good=False)
    assert breaker.takes_work
