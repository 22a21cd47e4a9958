"""No byte of what people say rests anywhere in the clear, and keys can be changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest
import sqlalchemy as sa
from redis.asyncio import Redis

from bot.storage import (
    Cipher,
    Database,
    EmergencyContact,
    PastTurn,
    WrongKey,
    generate_key,
    reencrypt,
    verify_keys,
)
from bot.storage.redis_history_cache import RedisHistoryCache
from tests.bot.storage.conftest import Replica

if TYPE_CHECKING:
    from tests.bot.storage.conftest import WallClock

SECRET = "我昨天晚上又哭了很久"
ANSWER = "听起来那一晚真的很难熬"
MARKS = [text.encode() for text in (SECRET, ANSWER, SECRET[2:6], ANSWER[3:7])]


async def _everything_in(database: Database) -> bytes:
    """What lies on the disk (SQLite) or in the tables (PostgreSQL)."""
    if database.dialect == "sqlite":
        path = Path(database.url.database or "")
        return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
    url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(url)
    try:
        found = b""
        for table in ("users", "conversations", "turns", "updates", "admin_audit"):
            for row in await connection.fetch(f"SELECT * FROM {table}"):
                found += b"|".join(
                    value if isinstance(value, bytes) else str(value).encode() for value in row
                )
        return found
    finally:
        await connection.close()


async def _says_the_secret(replica: Replica, chat_id: int = 1) -> int:
    update_id = await replica.arrives(chat_id, SECRET.encode())
    turn = await replica.turns.begin(chat_id, chat_id, SECRET, [update_id])
    assert turn is not None
    await replica.turns.finish(turn.id, ANSWER, "answered")
    await replica.arrives(chat_id, SECRET.encode())
    return turn.id


async def test_no_plain_text_rests_in_the_database(
    replica: Replica, database: Database, cipher: Cipher
) -> None:
    turn_id = await _says_the_secret(replica)
    stored = await _everything_in(database)
    assert cipher.header in stored
    assert not [mark for mark in MARKS if mark in stored]
    turn = await replica.turns.get(turn_id)
    assert turn is not None
    assert (turn.user_text, turn.answer) == (SECRET, ANSWER)


async def test_no_plain_text_rests_in_redis(
    redis_url: str, replica: Replica, cipher: Cipher
) -> None:
    turn_id = await _says_the_secret(replica)
    turn = await replica.turns.get(turn_id)
    assert turn is not None
    recent = RedisHistoryCache(redis_url, cipher, timeout=30.0)
    await recent.put(1, turn.conversation_id, turn.revision, [PastTurn(1, SECRET, ANSWER)])
    assert await recent.get(turn) == (PastTurn(1, SECRET, ANSWER),)
    await recent.aclose()
    async with Redis.from_url(redis_url) as redis:
        keys = await redis.keys("*")
        values = [await redis.get(key) for key in keys]
        assert 0 < await redis.ttl(keys[0]) <= 24 * 3600
    assert len(keys) == 1
    assert not [mark for mark in MARKS if any(mark in found for found in [*keys, *values])]


async def test_the_wrong_key_is_found_out_before_work_begins(
    replica: Replica, database: Database, cipher: Cipher
) -> None:
    stranger = Cipher.from_keys([generate_key()])
    await verify_keys(database, stranger)  # nothing stored yet fits every key
    await replica.arrives(1, SECRET.encode())
    with pytest.raises(WrongKey):
        await verify_keys(database, stranger)
    await _says_the_secret(replica, 2)
    with pytest.raises(WrongKey):
        await verify_keys(database, stranger)
    await verify_keys(database, cipher)


async def test_a_key_is_retired_after_rewriting_even_if_that_was_interrupted(
    database: Database, clock: WallClock
) -> None:
    old, new = generate_key(), generate_key()
    before = Replica(database, Cipher.from_keys([old]), "replica-1", clock)
    ids = [await _says_the_secret(before, chat_id) for chat_id in range(1, 8)]
    both = Cipher.from_keys([new, old])

    async for rewritten in reencrypt(database, both, batch=3):
        assert rewritten <= 3
        break
    with pytest.raises(WrongKey):
        await Replica(database, Cipher.from_keys([new]), "replica-2", clock).turns.get(ids[-1])

    totals = [total async for total in reencrypt(database, both, batch=3)]
    assert totals[-1] == 3 * len(ids) - 3  # text, answer and what waits, less the first batch
    after = Replica(database, Cipher.from_keys([new]), "replica-2", clock)
    for turn_id in ids:
        turn = await after.turns.get(turn_id)
        assert turn is not None
        assert (turn.user_text, turn.answer) == (SECRET, ANSWER)
    (waiting,) = await after.inbox.list_pending(1)
    assert waiting.payload == SECRET.encode()
    assert not any([total async for total in reencrypt(database, both, batch=3)])


async def test_a_ciphertext_moved_to_another_turn_is_refused(
    replica: Replica, database: Database
) -> None:
    first, second = await _says_the_secret(replica, 1), await _says_the_secret(replica, 2)

    def swap(connection: object) -> None:
        connection.exec_driver_sql(  # type: ignore[attr-defined]
            "UPDATE turns SET user_text = (SELECT t.user_text FROM turns t WHERE t.id = "
            f"{first}) WHERE id = {second}"
        )

    await database.write(swap)
    with pytest.raises(WrongKey):
        await replica.turns.get(second)


async def test_an_old_key_that_is_still_needed_is_missed_before_work_begins(
    database: Database, clock: WallClock
) -> None:
    old, new = generate_key(), generate_key()
    before = Replica(database, Cipher.from_keys([old]), "replica-1", clock)
    for chat_id in range(1, 4):
        await _says_the_secret(before, chat_id)
    both = Cipher.from_keys([new, old])
    after = Replica(database, both, "replica-2", clock)
    update_ids = [await after.arrives(9, SECRET.encode(), update_id=n) for n in (10**9, 10**9 + 1)]
    assert await after.turns.begin(9, 9, SECRET, update_ids[:1]) is not None
    await verify_keys(database, both)
    with pytest.raises(WrongKey, match="reencrypt"):
        await verify_keys(database, Cipher.from_keys([new]))
    async for _ in reencrypt(database, both):
        pass
    await verify_keys(database, Cipher.from_keys([new]))


async def test_no_byte_of_what_was_erased_rests_in_a_file_of_the_database(
    replica: Replica, database: Database
) -> None:
    for _ in range(3):
        await _says_the_secret(replica, 42)
    await replica.contacts.set(42, EmergencyContact("妈妈", "13800138000"))
    await _says_the_secret(replica, 43)
    columns = (
        ("turns", "user_text", "user_id"),
        ("turns", "answer", "user_id"),
        ("updates", "payload", "chat_id"),
        ("emergency_contacts", "phone", "user_id"),
    )
    texts = []
    for table, column, whose in columns:
        query = sa.text(f"SELECT {column} FROM {table} WHERE {whose} = 42 AND {column} IS NOT NULL")
        texts += await database.read(lambda c, q=query: [bytes(row[0]) for row in c.execute(q)])
    assert len(texts) > 9
    before = await _everything_in(database)
    assert all(text in before for text in texts[:6])
    await replica.users.erase(42)
    left = await _everything_in(database)
    assert not any(text in left for text in texts)


async def test_a_log_that_could_not_be_cut_off_is_owed(
    replica: Replica, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut: list[bool] = []

    async def truncate_log() -> bool:
        cut.append(len(cut) > 1)
        return cut[-1]

    monkeypatch.setattr(database, "truncate_log", truncate_log)
    await replica.users.erase(42)
    for _ in range(5):
        await replica.users.finish_erasures()
    assert cut == [False, False, True]
