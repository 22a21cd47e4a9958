"""What waits and since when, and how turns end, in numbers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.storage import InboxCounts, NewUpdate, Statistics
from bot.storage.models import UserRow

if TYPE_CHECKING:
    from bot.storage import Database
    from tests.bot.storage.conftest import Replica, WallClock

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)


def update(number: int, *, chat: int, ago: timedelta, lane: str = "chat") -> NewUpdate:
    return NewUpdate(number, chat, lane, b"{}", NOW - ago)  # type: ignore[arg-type]


async def test_the_oldest_message_without_an_answer_is_found_and_one_of_the_rules_is_not(
    replica: Replica, database: Database
) -> None:
    statistics = Statistics(database, lambda: NOW)
    assert (await statistics.backlog()).oldest_unanswered is None
    await replica.inbox.add(update(1, chat=7, ago=timedelta(hours=3)))
    await replica.inbox.add(update(2, chat=8, ago=timedelta(minutes=2)))
    backlog = await statistics.backlog()
    assert backlog.oldest_unanswered == NOW - timedelta(hours=3)
    assert backlog.updates == InboxCounts(new=2, claimed=0, failed=0)
    # Who was told that the day's answers are used up waits by the rules.
    await replica.users.record_seen(7, "zh")
    told = sa.update(UserRow).where(UserRow.id == 7).values(limit_told_at=NOW - timedelta(hours=1))
    await database.write(lambda c: c.execute(told))
    assert (await statistics.backlog()).oldest_unanswered == NOW - timedelta(minutes=2)
    await replica.inbox.finish(2)
    assert (await statistics.backlog()).oldest_unanswered is None


async def test_turns_are_counted_by_how_they_ended(replica: Replica, database: Database) -> None:
    turns = replica.turns
    ends = ("answered", "answered", "stopped", "EngineTimeout", None)
    for number, end in enumerate(ends, start=1):
        await replica.inbox.add(update(number, chat=number, ago=timedelta()))
        turn = await turns.begin(number, number, "…", [number])
        assert turn is not None
        if end in ("answered", "stopped"):
            await turns.finish(turn.id, "…", end)  # type: ignore[arg-type]
        elif end is not None:
            await turns.fail(turn.id, end)
    counts = await Statistics(database, lambda: NOW).turns(NOW - timedelta(days=9999))
    assert (counts.answered, counts.stopped, counts.failed, counts.unfinished) == (2, 1, 1, 1)
    assert counts.by_failure == {"EngineTimeout": 1}
    assert counts.median_seconds is not None
    assert counts.median_seconds >= 0


async def test_people_are_counted_by_when_they_wrote_last(
    replica: Replica, database: Database
) -> None:
    for user, days in ((1, 0), (2, 3), (3, 20), (4, 400)):
        await replica.users.record_seen(user, None)
        seen = sa.update(UserRow).where(UserRow.id == user)
        at = NOW - timedelta(days=days, minutes=1)
        await database.write(lambda c, s=seen, at=at: c.execute(s.values(last_seen_at=at)))
    people = await Statistics(database, lambda: NOW).people()
    assert people == {"day": 1, "week": 2, "month": 3, "ever": 4}


async def test_turns_are_counted_by_the_day_they_began_on(
    replica: Replica, database: Database, clock: WallClock
) -> None:
    await replica.says(1, "昨天", "嗯")
    clock.advance(days=1)
    for chat in (1, 2):
        await replica.says(chat, "今天", "嗯")
    days = await Statistics(database, clock).by_day(3)
    assert [(day.answered, day.failed) for day in days] == [(0, 0), (1, 0), (2, 0)]
    assert days[-1].day == clock().date()
