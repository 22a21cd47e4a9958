"""Leases of replicas whose own clocks are wrong."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.storage import NewUpdate, generate_key
from bot.storage.db import clock
from bot.storage.db.clock import DatabaseClock
from bot.storage.db.database import Database
from bot.storage.store import StorageOptions, open_storage


@pytest.mark.parametrize("wrong_by", [timedelta(hours=2), timedelta(hours=-2)])
async def test_a_replica_whose_clock_was_set_wrong_takes_nobodys_turn_and_loses_none(
    postgres_url, tmp_path, monkeypatch, wrong_by
):
    options = StorageOptions(tmp_path, database_url=postgres_url, keys=(generate_key(),))
    right = await open_storage(options)

    class WrongDatetime(datetime):
        @classmethod
        def now(cls, tz=None):
            return super().now(tz) + wrong_by

    monkeypatch.setattr(clock, "datetime", WrongDatetime)
    wrong = await open_storage(options)
    try:
        for owner, other, chat_id in ((right, wrong, 1), (wrong, right, 2)):
            received_at = owner.clock()
            await owner.inbox.add(NewUpdate(chat_id, chat_id, "chat", b"{}", received_at))
            turn = await owner.turns.begin(chat_id, chat_id, "睡不着", [chat_id])
            assert turn is not None
            assert await other.turns.claim_unfinished(chat_id) is None
            assert await owner.turns.finish(turn.id, "我在。", "answered") == 1
    finally:
        await right.aclose()
        await wrong.aclose()


async def test_the_clock_goes_on_between_two_looks_and_follows_the_database(postgres_url):
    database = Database(postgres_url)
    try:
        elapsed = 0.0
        clock = DatabaseClock(database, monotonic=lambda: elapsed)
        await clock.read()
        first = clock()
        assert abs(first - datetime.now(UTC)) < timedelta(seconds=5)
        elapsed = 90.0
        assert clock() - first == timedelta(seconds=90)
        await clock.read()  # the database knows nothing of our 90 seconds
        assert clock() - first < timedelta(seconds=60)
    finally:
        await database.aclose()
