"""A word to everybody reaches each once, whatever dies, and nobody who left or is in danger."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.storage import Access, Broadcasts, Cipher, Database, RiskSignal

if TYPE_CHECKING:
    from tests.bot.storage.conftest import Replica, WallClock

ADMIN, WORDS, HIGH = 9, "明晚停机一小时", 2


@pytest.fixture
def broadcasts(database: Database, cipher: Cipher, clock: WallClock) -> Broadcasts:
    return Broadcasts(database, cipher, clock)


async def enter(replica: Replica, *people: int) -> None:
    for person in people:
        await replica.users.record_seen(person, "zh")


async def in_danger(replica: Replica, person: int, lasts: timedelta) -> None:
    ends = {HIGH: replica.clock() + lasts}
    await replica.risk.record(RiskSignal(1, person, person, HIGH, None, ends))


async def sent_to_all(broadcasts: Broadcasts, number: int) -> list[int]:
    reached = []
    while (person := await broadcasts.claim(number)) is not None:
        await broadcasts.settle(number, person, "sent")
        reached.append(person)
    return reached


async def test_it_goes_to_all_who_can_be_reached_and_to_no_other(
    broadcasts: Broadcasts, replica: Replica, database: Database, cipher: Cipher, clock: WallClock
) -> None:
    await enter(replica, 1, 2, 3, 4)
    await replica.users.record_seen(5, "zh", admits=False)
    await replica.users.mark_unreachable(2)
    await Access(database, cipher, clock).admit(6)  # has never written
    await Access(database, cipher, clock).ban(3, ADMIN, "")
    number = await broadcasts.draft(ADMIN, WORDS)
    assert await broadcasts.claim(number) is None
    assert await broadcasts.count_recipients() == 2
    assert [await broadcasts.begin(number) for _ in range(2)] == [2, None]
    assert await sent_to_all(broadcasts, number) == [1, 4]
    assert [await broadcasts.finish(number) for _ in range(2)] == [True, False]
    found = await broadcasts.get(number)
    assert found is not None
    assert (found.words, found.state, found.reached) == (WORDS, "done", {"sent": 2})


async def test_of_whom_the_sender_died_nobody_is_sent_to_twice(
    broadcasts: Broadcasts, replica: Replica
) -> None:
    await enter(replica, 1, 2)
    number = await broadcasts.draft(ADMIN, WORDS)
    await broadcasts.begin(number)
    assert await broadcasts.claim(number) == 1
    await broadcasts.give_up_unsure()
    assert await sent_to_all(broadcasts, number) == [2]
    assert await broadcasts.finish(number)
    found = await broadcasts.last()
    assert found is not None
    assert found.reached == {"sent": 1, "unsure": 1}


async def test_who_is_in_danger_is_sent_to_when_it_is_over_or_left_out(
    broadcasts: Broadcasts, replica: Replica, clock: WallClock
) -> None:
    await enter(replica, 1, 2, 3)
    await in_danger(replica, 1, timedelta(hours=1))
    await in_danger(replica, 2, timedelta(days=9))
    number = await broadcasts.draft(ADMIN, WORDS)
    await broadcasts.begin(number)
    assert await sent_to_all(broadcasts, number) == [3]
    assert not await broadcasts.finish(number)
    clock.advance(hours=6)
    assert await sent_to_all(broadcasts, number) == [1]
    clock.advance(days=3)
    assert await sent_to_all(broadcasts, number) == []
    assert await broadcasts.finish(number)


async def test_pause_holds_it_and_the_end_is_the_end(
    broadcasts: Broadcasts, replica: Replica
) -> None:
    await enter(replica, 1, 2)
    number = await broadcasts.draft(ADMIN, None, date(2026, 12, 31))
    await broadcasts.begin(number)
    assert [await broadcasts.pause(number) for _ in range(2)] == [True, False]
    assert await broadcasts.claim(number) is None
    assert await broadcasts.running() is None
    assert [await broadcasts.resume(number) for _ in range(2)] == [True, False]
    assert await broadcasts.claim(number) == 1
    assert [await broadcasts.cancel(number) for _ in range(2)] == [True, False]
    assert await broadcasts.claim(number) is None
    assert not await broadcasts.resume(number)


async def test_a_week_after_its_end_nothing_is_kept_of_whom_it_went_to(
    broadcasts: Broadcasts, replica: Replica, clock: WallClock
) -> None:
    await enter(replica, 1)
    number = await broadcasts.draft(ADMIN, WORDS)
    await broadcasts.begin(number)
    await sent_to_all(broadcasts, number)
    await broadcasts.finish(number)
    clock.advance(days=8)
    await broadcasts.purge()
    found = await broadcasts.get(number)
    assert found is not None
    assert (found.words, found.reached) == (None, {})


async def test_who_erases_everything_is_sent_nothing_more(
    broadcasts: Broadcasts, replica: Replica
) -> None:
    await enter(replica, 1, 2)
    number = await broadcasts.draft(ADMIN, WORDS)
    await broadcasts.begin(number)
    await replica.users.erase(1)
    assert await sent_to_all(broadcasts, number) == [2]
