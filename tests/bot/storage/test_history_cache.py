"""The copy of recent turns: one contract, and a Redis that vanishes, hangs and comes back."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from bot.storage import (
    Cipher,
    InProcessHistoryCache,
    PastTurn,
    Turn,
    generate_key,
)
from bot.storage.redis_history_cache import PAUSE_AFTER_FAILURE, WARN_EVERY, RedisHistoryCache
from tests.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.storage import HistoryCache
    from devtools.servers import RedisServer
    from tests.bot.storage.conftest import WallClock

UNHURRIED = 30.0
"""Patience for tests of anything but patience: the machine may be busy."""

TURNS = (PastTurn(1, "睡不着 \ud83d", "我在"), PastTurn(2, "谢谢", None, is_refused=True))


@pytest.fixture
def turn(clock: WallClock) -> Turn:
    return Turn(
        id=9,
        conversation_id=3,
        revision=2,
        chat_id=5,
        number=3,
        user_id=5,
        state="pending",
        user_text="还在吗",
        answer=None,
        answer_message_id=None,
        reply_to_message_id=None,
        created_at=clock(),
        answered_at=None,
        attempts=1,
        failure=None,
    )


@pytest.fixture
def ticks() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["in process", "redis"])
async def recent(
    request: pytest.FixtureRequest, cipher: Cipher, ticks: FakeClock
) -> AsyncIterator[HistoryCache]:
    kept: HistoryCache
    if request.param == "redis":
        kept = RedisHistoryCache(
            request.getfixturevalue("redis_url"), cipher, timeout=UNHURRIED, clock=ticks
        )
    else:
        kept = InProcessHistoryCache(clock=ticks)
    yield kept
    await kept.aclose()


async def test_what_is_put_is_got(recent: HistoryCache, turn: Turn) -> None:
    assert await recent.get(turn) is None
    await recent.put(turn.chat_id, turn.conversation_id, turn.revision, TURNS)
    assert await recent.get(turn) == TURNS
    assert await recent.get(replace(turn, chat_id=6)) is None


async def test_a_copy_of_another_conversation_or_revision_is_a_miss(
    recent: HistoryCache, turn: Turn
) -> None:
    await recent.put(turn.chat_id, turn.conversation_id, turn.revision, TURNS)
    assert await recent.get(replace(turn, conversation_id=4)) is None
    assert await recent.get(replace(turn, revision=3)) is None
    await recent.put(turn.chat_id, turn.conversation_id, 3, TURNS[:1])
    assert await recent.get(replace(turn, revision=3)) == TURNS[:1]
    assert await recent.get(turn) is None


async def test_what_is_forgotten_is_a_miss(recent: HistoryCache, turn: Turn) -> None:
    await recent.put(turn.chat_id, turn.conversation_id, turn.revision, TURNS)
    await recent.forget(turn.chat_id)
    await recent.forget(turn.chat_id)
    assert await recent.get(turn) is None


async def test_a_chat_in_process_is_dropped_after_a_day(turn: Turn, ticks: FakeClock) -> None:
    recent = InProcessHistoryCache(clock=ticks)
    await recent.put(turn.chat_id, turn.conversation_id, turn.revision, TURNS)
    ticks.now += 24 * 3600 - 1
    assert await recent.get(turn) == TURNS
    ticks.now += 2
    assert await recent.get(turn) is None


async def test_chats_in_process_stay_within_their_bound(turn: Turn, ticks: FakeClock) -> None:
    recent = InProcessHistoryCache(max_characters=10_000, clock=ticks)
    long = [PastTurn(1, "长" * 1500, "话" * 1000)]
    for chat_id in (1, 2, 3):
        await recent.put(chat_id, 3, 2, long)
    assert await recent.get(replace(turn, chat_id=1)) is not None  # used last
    await recent.put(4, 3, 2, long)
    kept = [c for c in (1, 2, 3, 4) if await recent.get(replace(turn, chat_id=c)) is not None]
    assert kept == [1, 3, 4]
    await recent.put(4, 3, 2, [PastTurn(1, "长" * 20_000, None)])
    assert await recent.get(replace(turn, chat_id=4)) is None


async def test_flushing_redis_is_a_miss_and_no_failure(
    redis_url: str, cipher: Cipher, turn: Turn
) -> None:
    recent = RedisHistoryCache(redis_url, cipher, timeout=UNHURRIED)
    await recent.put(turn.chat_id, turn.conversation_id, turn.revision, TURNS)
    async with Redis.from_url(redis_url) as redis:
        await redis.flushall()
    with capture_logs() as logs:
        assert await recent.get(turn) is None
    assert logs == []
    await recent.put(turn.chat_id, turn.conversation_id, turn.revision, TURNS)
    assert await recent.get(turn) == TURNS
    await recent.aclose()


async def test_another_bot_with_the_same_redis_and_key_has_its_own_copies(
    redis_url: str, cipher: Cipher, turn: Turn
) -> None:
    first, second = (
        RedisHistoryCache(redis_url, cipher, bot_id=bot_id, timeout=UNHURRIED) for bot_id in (1, 2)
    )
    await first.put(turn.chat_id, turn.conversation_id, turn.revision, TURNS)
    assert await second.get(turn) is None
    await second.forget(turn.chat_id)
    assert await first.get(turn) == TURNS
    async with Redis.from_url(redis_url) as redis:
        (key,) = await redis.keys("*")
        await redis.set(key.replace(b":1:", b":2:"), await redis.get(key))
    assert await second.get(turn) is None
    await first.aclose()
    await second.aclose()


async def test_a_copy_under_a_key_that_is_gone_is_a_miss(
    redis_url: str, cipher: Cipher, turn: Turn
) -> None:
    writer = RedisHistoryCache(redis_url, cipher, timeout=UNHURRIED)
    await writer.put(turn.chat_id, turn.conversation_id, turn.revision, TURNS)
    reader = RedisHistoryCache(redis_url, Cipher.from_keys([generate_key()]), timeout=UNHURRIED)
    assert await reader.get(turn) is None
    async with Redis.from_url(redis_url) as redis:
        (key,) = await redis.keys("*")
        await redis.set(key, b"not a ciphertext")
    assert await writer.get(turn) is None
    await writer.aclose()
    await reader.aclose()


async def test_a_redis_that_dies_and_returns_is_used_again(
    own_redis: RedisServer, cipher: Cipher, turn: Turn, ticks: FakeClock
) -> None:
    recent = RedisHistoryCache(own_redis.url, cipher, timeout=UNHURRIED, clock=ticks)
    await recent.put(turn.chat_id, turn.conversation_id, turn.revision, TURNS)
    own_redis.kill()
    with capture_logs() as logs:
        assert await recent.get(turn) is None
        await recent.put(turn.chat_id, turn.conversation_id, turn.revision, TURNS)
        await recent.forget(turn.chat_id)
    assert [entry["event"] for entry in logs] == ["redis_unavailable"]
    own_redis.start()
    ticks.now += PAUSE_AFTER_FAILURE
    await recent.put(turn.chat_id, turn.conversation_id, turn.revision, TURNS)
    assert await recent.get(turn) == TURNS
    await recent.aclose()


async def test_a_hanging_redis_is_asked_once_and_then_left_alone(
    own_redis: RedisServer, cipher: Cipher, turn: Turn, ticks: FakeClock
) -> None:
    recent = RedisHistoryCache(own_redis.url, cipher, timeout=1.0, clock=ticks)
    await recent.put(turn.chat_id, turn.conversation_id, turn.revision, TURNS)
    await recent.put(6, turn.conversation_id, turn.revision, TURNS[:1])
    own_redis.freeze()
    try:
        # Given up by its own patience; the limit here only keeps a broken test from hanging.
        assert await asyncio.wait_for(recent.get(turn), 30) is None
    finally:
        own_redis.thaw()
    assert await recent.get(turn) is None  # it answers again, but is not asked
    ticks.now += PAUSE_AFTER_FAILURE
    # The answer that was not waited for is not taken for the answer to this question.
    assert await recent.get(replace(turn, chat_id=6)) == TURNS[:1]
    assert await recent.get(turn) == TURNS
    await recent.aclose()


async def test_an_outage_is_warned_about_once_in_a_while(
    own_redis: RedisServer, cipher: Cipher, turn: Turn, ticks: FakeClock
) -> None:
    own_redis.kill()
    recent = RedisHistoryCache(own_redis.url, cipher, timeout=UNHURRIED, clock=ticks)
    with capture_logs() as logs:
        for _ in range(int(WARN_EVERY / PAUSE_AFTER_FAILURE)):
            await recent.get(turn)
            ticks.now += PAUSE_AFTER_FAILURE
        assert len(logs) == 1
        await recent.get(turn)
    assert len(logs) == 2
    assert "睡不着" not in str(logs)
    assert str(own_redis.folder) not in str(logs)
    await recent.aclose()


async def test_what_could_not_be_forgotten_goes_once_redis_answers(
    own_redis: RedisServer, cipher: Cipher, turn: Turn, ticks: FakeClock
) -> None:
    recent = RedisHistoryCache(own_redis.url, cipher, timeout=1.0, clock=ticks)
    await recent.put(turn.chat_id, turn.conversation_id, turn.revision, TURNS)
    own_redis.freeze()
    try:
        await asyncio.wait_for(recent.forget(turn.chat_id), 30)
    finally:
        own_redis.thaw()
    await recent.forget(turn.chat_id)  # Redis is left alone for a while, so this is owed too
    ticks.now += PAUSE_AFTER_FAILURE
    await recent.finish_forgetting()
    async with Redis.from_url(own_redis.url) as redis:
        assert await redis.keys("*") == []
    await recent.aclose()
