"""SIGTERM ends the bot in time, whatever hangs, and nothing is lost by it."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from bot.storage import generate_key
from devtools.processes import bare_environment, free_port
from devtools.servers import PostgresServer
from tests.e2e.house import REDO, STOP, House, records
from tests.e2e.people import eventually
from tests.forked import Forked
from tests.serving import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from devtools.processes import BotProcess, SandboxProcess
    from tests.e2e.people import Person, Telegram
    from tests.e2e.scripted_engine import ScriptedEngine

GRACE = 1
IN_TIME = 14.0
"""The promise for the grace that is set by default; this bot has less of it."""


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    yield from serving(PostgresServer)


@pytest.fixture(scope="module")
def mortal_house(
    tmp_path_factory: pytest.TempPathFactory,
    postgres: PostgresServer,
    new_sandbox: Callable[..., SandboxProcess],
    new_engine: Callable[[], ScriptedEngine],
    new_bot: Callable[..., BotProcess],
) -> House:
    sandbox, engine, folder = new_sandbox(), new_engine(), tmp_path_factory.mktemp("shutdown")
    bot = new_bot(
        folder,
        sandbox.bot_settings,
        engine.bot_settings,
        {
            "DATABASE_URL": postgres.url(),
            "ENCRYPTION_KEYS": generate_key(),
            "HTTP_PORT": str(free_port()),
            "SHUTDOWN_GRACE": str(GRACE),
        },
    )
    migrate = Forked(["-m", "bot", "migrate"], bare_environment(bot.settings), folder)
    migrate.launch()
    assert migrate.wait() == 0, migrate.output
    return House(sandbox, engine, bot)


@pytest.fixture
def house(mortal_house: House) -> Iterator[House]:
    mortal_house.bot.start()
    yield mortal_house
    if mortal_house.bot.running:
        mortal_house.bot.end()


async def is_stored(house: House, person: Person) -> None:
    """Wait for the end of every turn: it is shown a moment before."""
    async with records(house.bot) as kept:
        assert [turn.state for turn in await kept.turns(person.id)] == ["answered"]


async def test_an_engine_that_hangs_keeps_nobody(
    house: House, telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    engine.hold_after(5)
    await person.says("引擎卡住的时候要关机")
    begun = await person.hears("我听见了", button=STOP)

    house.bot.send_signal(signal.SIGTERM)
    assert house.bot.wait(IN_TIME) == 0

    async with records(house.bot) as kept:
        assert await kept.claimed_turns() == 0
    engine.undo_faults()
    house.bot.start()
    assert (await person.hears("引擎卡住的时候要关机", button=REDO)).id == begun.id
    await is_stored(house, person)


async def test_a_telegram_that_hangs_keeps_nobody(
    house: House, telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    engine.hold_after(5)
    await person.says("电报卡住的时候要关机")
    await person.hears("我听见了", button=STOP)

    os.kill(house.sandbox.pid, signal.SIGSTOP)
    try:
        engine.undo_faults()
        house.bot.send_signal(signal.SIGTERM)
        assert house.bot.wait(IN_TIME) == 0
        async with records(house.bot) as kept:
            assert await kept.claimed_turns() == 0
    finally:
        os.kill(house.sandbox.pid, signal.SIGCONT)

    house.bot.start()
    await person.hears("我听见了：电报卡住的时候要关机", button=REDO)
    await is_stored(house, person)


async def test_a_database_that_hangs_keeps_nobody(
    house: House, telegram: Telegram, engine: ScriptedEngine, postgres: PostgresServer
) -> None:
    person = await telegram.person()
    engine.hold_after(5)
    await person.says("数据库卡住的时候要关机")
    begun = await person.hears("我听见了", button=STOP)

    postgres.freeze()
    try:

        async def not_ready() -> bool:
            return house.bot.readiness() is None

        await eventually(not_ready, "what was known of the database is looked up anew")
        house.bot.send_signal(signal.SIGTERM)
        assert house.bot.wait(IN_TIME) == 0
    finally:
        postgres.thaw()

    engine.undo_faults()
    house.bot.start()
    assert (await person.hears("数据库卡住的时候要关机", button=REDO)).id == begun.id


async def test_a_bot_that_is_still_starting_ends_when_told(house: House) -> None:
    house.bot.kill()
    house.bot.take_log()
    os.kill(house.sandbox.pid, signal.SIGSTOP)
    try:
        house.bot.launch()

        async def has_begun() -> bool:
            return "engine_started" in house.bot.take_log()

        await eventually(has_begun, "the bot asks for Telegram")
        house.bot.send_signal(signal.SIGTERM)
        assert house.bot.wait(IN_TIME) == 0
    finally:
        os.kill(house.sandbox.pid, signal.SIGCONT)
