"""Webhook, PostgreSQL and Redis: what production has, and what happens when a part of it goes."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING

import httpx
import pytest
from redis import Redis

from bot.storage import generate_key
from devtools.processes import bare_environment, free_port
from devtools.servers import PostgresServer, RedisServer
from tests.e2e.house import REDO, STOP, House, Kept, records
from tests.e2e.people import eventually
from tests.forked import Forked
from tests.serving import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from devtools.processes import BotProcess, SandboxProcess
    from tests.e2e.people import Person, Telegram
    from tests.e2e.scripted_engine import ScriptedEngine

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    yield from serving(PostgresServer)


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    yield from serving(RedisServer)


@pytest.fixture(scope="module")
def production_house(
    tmp_path_factory: pytest.TempPathFactory,
    postgres: PostgresServer,
    redis: RedisServer,
    new_sandbox: Callable[..., SandboxProcess],
    new_engine: Callable[[], ScriptedEngine],
    new_bot: Callable[..., BotProcess],
) -> House:
    sandbox, engine, port = new_sandbox(), new_engine(), free_port()
    folder = tmp_path_factory.mktemp("production")
    bot = new_bot(
        folder,
        sandbox.bot_settings,
        engine.bot_settings,
        {
            "TELEGRAM_MODE": "webhook",
            "HTTP_PORT": str(port),
            "WEBHOOK_URL": f"http://127.0.0.1:{port}/from-telegram",
            "WEBHOOK_SECRET": secrets.token_hex(16),
            "DATABASE_URL": postgres.url(),
            "REDIS_URL": redis.url,
            "ENCRYPTION_KEYS": generate_key(),
            "BURST_WINDOW": "0.5",
            "SHUTDOWN_GRACE": "1",
        },
    )
    migrate = Forked(["-m", "bot", "migrate"], bare_environment(bot.settings), folder)
    migrate.launch()
    assert migrate.wait() == 0, migrate.output
    bot.start()
    return House(sandbox, engine, bot)


@pytest.fixture
def house(production_house: House) -> House:
    return production_house


async def is_answered(person: Person, said: str) -> None:
    """Say something, and wait for the echo."""
    await person.says(said)
    await person.hears(f"我听见了：{said}", button=REDO)


async def deliver(
    house: House, update: dict[str, object], headers: dict[str, str] | None = None
) -> int:
    """Do what Telegram does, once; the status of the answer."""
    if headers is None:
        headers = {SECRET_HEADER: house.bot.settings["WEBHOOK_SECRET"]}
    async with httpx.AsyncClient(trust_env=False, verify=False) as client:
        url = house.bot.settings["WEBHOOK_URL"]
        return (await client.post(url, json=update, headers=headers)).status_code


def written(person: Person, update_id: int, **content: object) -> dict[str, object]:
    """An update as Telegram would send it."""
    chat = {"id": person.id, "type": "private", "first_name": "人"}
    sender = {"id": person.id, "is_bot": False, "first_name": "人", "language_code": "zh-hans"}
    message = {"message_id": update_id, "date": 1_795_000_000, "chat": chat, "from": sender}
    return {"update_id": update_id, "message": message | content}


async def test_by_webhook_too_what_was_said_is_answered_and_kept(
    house: House, telegram: Telegram
) -> None:
    person = await telegram.person()

    await is_answered(person, "服务器上的第一句话")

    assert await telegram.calls("setWebhook")
    assert await telegram.unconfirmed() == []
    async with records(house.bot) as kept:
        assert await kept.turns(person.id) == [
            Kept("服务器上的第一句话", "我听见了：服务器上的第一句话", "answered")
        ]


async def test_lines_written_in_one_go_are_one_turn_with_one_answer(
    house: House, telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()

    for line in ("我今天", "被批评了", "很难过"):
        await person.says(line)

    await person.hears("我听见了：我今天\n被批评了\n很难过", button=REDO)
    assert len(await person.sees()) == 1
    assert len(engine.prompts("很难过")) == 1
    async with records(house.bot) as kept:
        assert [turn.said for turn in await kept.turns(person.id)] == ["我今天\n被批评了\n很难过"]


async def test_a_text_cut_in_pieces_by_the_app_is_one_turn(
    telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    long = "".join(f"第{number}夜，雨还在下。" for number in range(900))
    engine.answers(long[-24:], "我都读完了。")

    await person.says(long)

    await person.hears("我都读完了。", button=REDO)
    assert engine.prompts(long[-24:])[0][-1]["content"] == long


@pytest.mark.parametrize("headers", [{}, {SECRET_HEADER: "guessed"}])
async def test_who_does_not_know_the_secret_is_turned_away(
    headers: dict[str, str], house: House, telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    update = written(person, 41, text="这不是从电报来的话")

    assert await deliver(house, update, headers) == 401

    await is_answered(person, "这才是从电报来的话")
    assert not engine.prompts("这不是从电报来的话")


async def test_an_update_that_is_delivered_twice_is_answered_once(
    house: House, telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    await is_answered(person, "我先打一声招呼")
    update = written(person, 42, text="这一句送来了两次")

    assert await deliver(house, update) == 200
    await person.hears("我听见了：这一句送来了两次", button=REDO)
    assert await deliver(house, update) == 200

    await is_answered(person, "这一句只送来一次")
    assert len(await person.sees()) == 3
    assert len(engine.prompts("这一句送来了两次")) == 1


async def test_a_location_is_answered_kindly(house: House, telegram: Telegram) -> None:
    person = await telegram.person()
    await is_answered(person, "你能来找我吗")
    location = {"latitude": 31.2, "longitude": 121.5}

    assert await deliver(house, written(person, 43, location=location)) == 200

    await person.hears("有危险，写「求助」或点 /help_now")


async def test_telegram_is_told_only_after_the_update_is_stored(
    house: House, telegram: Telegram, engine: ScriptedEngine, postgres: PostgresServer
) -> None:
    person = await telegram.person()
    await is_answered(person, "数据库还在的时候")
    postgres.stop()
    try:
        assert await deliver(house, written(person, 44, text="数据库不在的时候")) == 503
        assert house.bot.readiness() is None
        await person.says("数据库不在时从手机发的话")
        assert len(await telegram.unconfirmed()) == 1
    finally:
        postgres.start()

    await person.hears("我听见了：数据库不在时从手机发的话", button=REDO)
    assert len(engine.prompts("数据库不在时从手机发的话")) == 1
    assert engine.prompts("数据库不在时从手机发的话")[0][1]["content"] == "数据库还在的时候"
    assert await telegram.unconfirmed() == []
    assert not engine.prompts("数据库不在的时候")
    assert len(await person.sees()) == 2


async def test_a_database_that_is_away_keeps_nobody_from_a_card(
    telegram: Telegram, postgres: PostgresServer
) -> None:
    person = await telegram.person()
    postgres.stop()
    try:
        await person.says("我今晚就去跳楼，已经决定了")
        await person.hears("我听见了，我很担心你", button="我需要帮助")
        assert len(await telegram.unconfirmed()) == 1
    finally:
        postgres.start()

    await person.hears("", button=REDO)
    assert len(await person.sees()) == 2


async def test_a_database_that_is_away_at_the_end_of_an_answer_is_waited_for(
    house: House, telegram: Telegram, engine: ScriptedEngine, postgres: PostgresServer
) -> None:
    person = await telegram.person()
    engine.answers("数据库会在半路消失", "数据库没了，我也要把这句话好好说完。")
    engine.fake.token_delay = 0.15
    await person.says("数据库会在半路消失吗")
    begun = await person.hears("数据库", button=STOP)

    postgres.stop()
    try:
        finished = await person.hears("我也要把这句话好好说完。", button=REDO)
    finally:
        postgres.start()

    assert finished.id == begun.id

    async def kept_after_all() -> bool:
        async with records(house.bot) as kept:
            return [turn.state for turn in await kept.turns(person.id)] == ["answered"]

    await eventually(kept_after_all, "the answer is stored once the database is back")


async def test_emptying_redis_in_mid_conversation_changes_nothing(
    telegram: Telegram, engine: ScriptedEngine, redis: RedisServer
) -> None:
    person = await telegram.person()
    await is_answered(person, "我住在江边的老房子")

    with Redis.from_url(redis.url) as connection:
        await copied(connection, person)
        connection.flushall()

    await is_answered(person, "我住在哪里来着")
    assert engine.prompts("我住在哪里来着")[0][1]["content"] == "我住在江边的老房子"


async def test_redis_holds_nothing_readable_and_nothing_after_erase(
    telegram: Telegram, redis: RedisServer
) -> None:
    person = await telegram.person()
    await is_answered(person, "缓存里也要加密的话")
    with Redis.from_url(redis.url) as connection:
        copy = await copied(connection, person)
        assert "加密的话".encode() not in copy
        assert b"\\u52a0\\u5bc6" not in copy

        await person.says("/erase")
        await person.presses("全部删除", await person.hears("要彻底删除", button="全部删除"))
        await person.hears("都删除了")

        assert connection.keys(f"*{person.id}*") == []


async def copied(connection: Redis, person: Person) -> bytes:
    """The copy of a person's recent turns."""

    async def look() -> bytes | None:
        keys = connection.keys(f"shudong:*:recent:{person.id}")  # one Redis may serve several bots
        assert isinstance(keys, list)
        assert len(keys) <= 1
        found = connection.get(keys[0]) if keys else None
        return found if isinstance(found, bytes) else None

    return await eventually(look, "the recent turns are copied to Redis")


async def test_memory_survives_the_death_of_redis(
    telegram: Telegram, engine: ScriptedEngine, redis: RedisServer
) -> None:
    person = await telegram.person()
    await is_answered(person, "我妹妹叫小满")
    redis.kill()
    try:
        await is_answered(person, "她今天来看我了")
        assert "我妹妹叫小满" in json.dumps(engine.prompts("她今天来看我了")[0], ensure_ascii=False)
    finally:
        redis.start()

    await is_answered(person, "她叫什么名字呢")
    prompt = engine.prompts("她叫什么名字呢")[0]
    assert [entry["content"] for entry in prompt if entry["role"] == "user"] == [
        "我妹妹叫小满",
        "她今天来看我了",
        "她叫什么名字呢",
    ]


async def test_a_restart_in_mid_answer_hands_the_turn_over_at_once(
    house: House, telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    engine.answers("更新版本之前", "换了一个进程，把话说完。")
    engine.hold_after(8)
    await person.says("更新版本之前说的话")
    begun = await person.hears("换了一个进程，", button=STOP)

    assert house.bot.end() == 0
    async with records(house.bot) as kept:
        assert await kept.claimed_turns() == 0
    engine.undo_faults()
    house.bot.start()

    finished = await person.hears("换了一个进程，把话说完。", button=REDO)
    assert finished.id == begun.id
    assert len(await person.sees()) == 1
