"""Who does not write any more is told first, and erased only then."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.storage import Database, NewUpdate, Retention

if TYPE_CHECKING:
    from tests.bot.storage.conftest import Replica, WallClock

KEPT_FOR = timedelta(days=90)
PERSON = 7


@pytest.fixture
def retention(database: Database, clock: WallClock) -> Retention:
    return Retention(database, clock)


async def to_tell(retention: Retention) -> list[int]:
    return [one.user_id for one in await retention.list_to_tell(KEPT_FOR, 10)]


async def to_erase(retention: Retention) -> list[int]:
    return await retention.list_to_erase(KEPT_FOR, 10)


async def test_first_told_then_given_two_weeks(
    replica: Replica, retention: Retention, clock: WallClock
) -> None:
    await replica.users.record_seen(PERSON, "zh")
    clock.advance(days=75)
    assert await to_tell(retention) == []
    clock.advance(days=2)
    assert await to_tell(retention) == [PERSON]
    assert await retention.list_to_tell(KEPT_FOR, 10, {PERSON}) == []
    await retention.mark_told(PERSON)
    assert await to_tell(retention) == []
    clock.advance(days=13)
    assert await to_erase(retention) == []
    clock.advance(days=2)
    assert await to_erase(retention) == [PERSON]
    assert await retention.list_to_erase(KEPT_FOR, 10, {PERSON}) == []


async def test_who_was_never_told_is_never_erased_while_they_can_be_reached(
    replica: Replica, retention: Retention, clock: WallClock
) -> None:
    await replica.users.record_seen(PERSON, "zh")
    clock.advance(days=400)
    assert await to_erase(retention) == []
    await replica.users.mark_unreachable(PERSON)  # there is no way to tell them
    assert await to_tell(retention) == []
    clock.advance(days=15)
    assert await to_erase(retention) == [PERSON]


async def test_a_word_or_a_button_is_a_return(
    replica: Replica, retention: Retention, clock: WallClock
) -> None:
    for person in (PERSON, 8):
        await replica.users.record_seen(person, "zh")
    clock.advance(days=80)
    for person in (PERSON, 8):
        await retention.mark_told(person)
    clock.advance(days=1)
    await replica.users.record_seen(PERSON, "zh")
    await replica.inbox.add(NewUpdate(1, 8, "express", b"{}", clock()))
    await retention.note_returns()
    clock.advance(days=20)
    assert await to_erase(retention) == []
    clock.advance(days=70)
    assert sorted(await to_tell(retention)) == [PERSON, 8]
