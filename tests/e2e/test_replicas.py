"""Three replicas behind a load balancer, and one poller with a worker: real processes."""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import dataclass
from signal import SIGCONT, SIGSTOP
from typing import TYPE_CHECKING

import pytest

from bot.locales import Language
from bot.safety import RiskLevel, card
from bot.storage import generate_key
from devtools.balancer import Balancer
from devtools.servers import RedisServer
from tests.e2e.house import REDO, STOP, House, records
from tests.e2e.people import eventually
from tests.serving import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from devtools.processes import BotProcess, SandboxProcess
    from tests.conftest import PostgresDatabases
    from tests.e2e.people import Person, Telegram
    from tests.e2e.scripted_engine import ScriptedEngine

HIGH_CARD = card(RiskLevel.HIGH, Language.ZH_CN).partition("\n")[0]


@dataclass(frozen=True, slots=True)
class Street:
    """Several bots on one database, with one Telegram and one engine."""

    house: House
    bots: list[BotProcess]
    balancer: Balancer | None = None

    def all_take(self) -> None:
        """Have the balancer use every replica."""
        if self.balancer is not None:
            self.balancer.backends = [bot.port for bot in self.bots]

    def only(self, *numbers: int) -> None:
        """Have the balancer use some replicas only."""
        assert self.balancer is not None
        self.balancer.backends = [self.bots[number].port for number in numbers]


@pytest.fixture(scope="module")
def mortal_redis() -> Iterator[RedisServer]:
    yield from serving(RedisServer)


@pytest.fixture(scope="module")
def shared_settings(
    postgres_databases: PostgresDatabases, mortal_redis: RedisServer
) -> Callable[[], dict[str, str]]:
    def make() -> dict[str, str]:
        name = asyncio.run(postgres_databases.migrated())
        return {
            "DATABASE_URL": postgres_databases.url(name),
            "REDIS_URL": mortal_redis.url,
            "ENCRYPTION_KEYS": generate_key(),
            "SHUTDOWN_GRACE": "1",
        }

    return make


def opened(bots: list[BotProcess]) -> list[BotProcess]:
    """Start all of them at once."""
    for bot in bots:
        bot.launch()
    for bot in bots:
        bot.wait_ready()
    return bots


@pytest.fixture(scope="module")
def three(
    tmp_path_factory: pytest.TempPathFactory,
    shared_settings: Callable[[], dict[str, str]],
    new_sandbox: Callable[..., SandboxProcess],
    new_engine: Callable[[], ScriptedEngine],
    new_bot: Callable[..., BotProcess],
) -> Iterator[Street]:
    sandbox, engine, balancer = new_sandbox(), new_engine(), Balancer(())
    settings = shared_settings() | {
        "TELEGRAM_MODE": "webhook",
        "WEBHOOK_URL": f"http://127.0.0.1:{balancer.port}/from-telegram",
        "WEBHOOK_SECRET": secrets.token_hex(16),
    }
    bots = [
        new_bot(
            tmp_path_factory.mktemp("replica"),
            sandbox.bot_settings,
            engine.bot_settings,
            settings,
        )
        for _ in range(3)
    ]
    street = Street(House(sandbox, engine, bots[0]), bots, balancer)
    street.all_take()
    with balancer.serve_in_thread():
        opened(bots)
        yield street


@pytest.fixture(scope="module")
def two(
    tmp_path_factory: pytest.TempPathFactory,
    shared_settings: Callable[[], dict[str, str]],
    new_sandbox: Callable[..., SandboxProcess],
    new_engine: Callable[[], ScriptedEngine],
    new_bot: Callable[..., BotProcess],
) -> Street:
    sandbox, engine = new_sandbox(), new_engine()
    settings = shared_settings() | {"CHATS_AT_ONCE": "1"}
    bots = [
        new_bot(
            tmp_path_factory.mktemp("worker"), sandbox.bot_settings, engine.bot_settings, settings
        )
        for _ in range(2)
    ]
    return Street(House(sandbox, engine, bots[0]), opened(bots))


@pytest.fixture(params=["three"])
def street(request: pytest.FixtureRequest) -> Iterator[Street]:
    found: Street = request.getfixturevalue(request.param)
    yield found
    found.all_take()
    for bot in found.bots:
        if not bot.running:
            bot.start()


with_two = pytest.mark.parametrize("street", ["two"], indirect=True)


@pytest.fixture
def house(street: Street) -> House:
    return street.house


async def ended(house: House, person: Person) -> list[str]:
    """What became of a person's turns."""
    async with records(house.bot) as kept:
        return [turn.state for turn in await kept.turns(person.id)]


async def test_messages_that_reach_different_replicas_are_answered_in_order_and_once(
    house: House, telegram: Telegram, engine: ScriptedEngine
) -> None:
    people = [await telegram.person() for _ in range(6)]
    for number in range(4):
        for person in people:
            await person.says(f"{person.id}的第{number}句")

    for person in people:
        await person.hears(f"我听见了：{person.id}的第3句", button=REDO)
        said = [prompt[-1]["content"] for prompt in engine.prompts(f"{person.id}的第")]
        assert said == [f"{person.id}的第{number}句" for number in range(4)]
        assert [shown.text for shown in await person.sees()] == [f"我听见了：{it}" for it in said]


@pytest.mark.parametrize("by", ["command", "button"])
async def test_a_stop_reaches_the_replica_that_answers(
    by: str, street: Street, telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    engine.hold_after(5)
    street.only(0)
    await person.says("到另一台那里去按停止")
    begun = await person.hears("我听见了", button=STOP)

    street.only(2)
    if by == "command":
        await person.says("/stop")
    else:
        await person.presses(STOP, begun)

    stopped = await person.hears("（停在这里了）", button=REDO)
    assert stopped.id == begun.id
    assert len(await person.sees()) == 1
    assert await ended(street.house, person) == ["stopped"]


async def test_danger_that_reaches_one_replica_stops_the_answer_of_another(
    street: Street, telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    engine.hold_after(5)
    street.only(0)
    await person.says("在另一台那里说到一半")
    await person.hears("我听见了", button=STOP)
    engine.undo_faults()  # the stream that is held stays held

    street.only(2)
    await person.says("我不想活了")

    await person.hears(HIGH_CARD)
    await person.hears("我听见了", button=REDO)
    half, shown, answer = await person.sees()
    assert half.text.endswith("……")
    assert shown.text.startswith(HIGH_CARD)
    assert REDO in answer.buttons
    assert await ended(street.house, person) == ["stopped", "answered"]


async def test_the_turns_of_a_killed_replica_are_taken_over_in_their_messages(
    street: Street, telegram: Telegram, engine: ScriptedEngine
) -> None:
    people = [await telegram.person() for _ in range(3)]
    engine.hold_after(5)
    street.only(1)
    for person in people:
        await person.says(f"{person.id}说话时机器没电了")
    begun = [await person.hears("我听见了", button=STOP) for person in people]
    async with records(street.house.bot) as kept:

        async def are_known() -> bool:
            return await kept.resumable_turns() == len(people)

        await eventually(are_known, "every message is known")

    street.bots[1].kill()
    killed_at = time.monotonic()
    engine.undo_faults()
    street.all_take()

    for person, first in zip(people, begun, strict=True):
        finished = await person.hears(f"我听见了：{person.id}说话时机器没电了", button=REDO)
        print(f"kill -9 to the end of the answer: {time.monotonic() - killed_at:.1f} s")
        assert finished.id == first.id
        assert len(await person.sees()) == 1
        assert await ended(street.house, person) == ["answered"]


async def test_a_replica_that_stops_hands_its_turns_to_the_others_at_once(
    street: Street, telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    engine.hold_after(5)
    street.only(2)
    await person.says("这台机器要关了")
    begun = await person.hears("我听见了", button=STOP)

    street.bots[2].send_signal(15)
    engine.undo_faults()
    street.all_take()

    assert (await person.hears("我听见了：这台机器要关了", button=REDO)).id == begun.id
    assert street.bots[2].wait() == 0


async def test_a_replica_that_was_frozen_says_nothing_in_what_others_answered_meanwhile(
    street: Street, telegram: Telegram, engine: ScriptedEngine
) -> None:
    people = [await telegram.person() for _ in range(4)]
    engine.fake.token_delay = 0.1
    street.only(2)
    for person in people:
        engine.answers(f"{person.id}等着", "慢慢说，" * 30, "换了一个答案，" * 30, "第三个答案")
        await person.says(f"{person.id}等着")
    for person in people:
        await person.hears("慢慢说", button=STOP)
    await asyncio.sleep(1)  # somewhere in the answers

    street.bots[2].send_signal(SIGSTOP)
    engine.undo_faults()
    for person in people:
        await person.hears("换了一个答案", button=REDO)
    street.bots[2].send_signal(SIGCONT)

    async def it_knows() -> bool:
        return street.bots[2].output.count("turn_lost") >= len(people)

    await eventually(it_knows, "the replica finds every turn gone")
    for person in people:
        [shown] = await person.sees()
        assert shown.text == "换了一个答案，" * 30
        assert REDO in shown.buttons


async def test_a_redis_that_was_killed_costs_neither_answers_nor_stops(
    street: Street, telegram: Telegram, engine: ScriptedEngine, mortal_redis: RedisServer
) -> None:
    answered, stopped = await telegram.person(), await telegram.person()
    engine.hold_after(5)
    street.only(0)
    await stopped.says("缓存没了的时候停下来")
    await stopped.hears("我听见了", button=STOP)
    mortal_redis.kill()
    try:
        street.only(2)
        await stopped.says("/stop")
        await stopped.hears("（停在这里了）", button=REDO)
        engine.undo_faults()
        street.all_take()
        for number in range(3):
            await answered.says(f"缓存没了的第{number}句")
            await answered.hears(f"我听见了：缓存没了的第{number}句", button=REDO)
        newest = engine.prompts("缓存没了的第2句")[-1]
        assert "缓存没了的第1句" in [said["content"] for said in newest]
    finally:
        mortal_redis.start()


@with_two
async def test_one_replica_polls_and_another_does_when_it_has_died(
    street: Street, telegram: Telegram
) -> None:
    polling = [bot for bot in street.bots if "polling_begins" in bot.output]
    assert len(polling) == 1
    person = await telegram.person()
    await person.says("今天路上的风很舒服")
    await person.hears("我听见了：今天路上的风很舒服", button=REDO)

    polling[0].kill()
    await person.says("刚才那台机器没了")

    await person.hears("我听见了：刚才那台机器没了", button=REDO)
    [survivor] = [bot for bot in street.bots if bot is not polling[0]]
    assert "polling_begins" in survivor.output
    assert await telegram.unconfirmed() == []


@with_two
async def test_what_is_too_much_for_the_poller_is_answered_by_the_worker(
    street: Street, telegram: Telegram, engine: ScriptedEngine
) -> None:
    first, second = await telegram.person(), await telegram.person()
    engine.hold_after(5)
    await first.says("我要占着这台机器")
    await first.hears("我听见了", button=STOP)
    engine.undo_faults()

    await second.says("那我就找另一台机器")

    await second.hears("我听见了：那我就找另一台机器", button=REDO)
    assert not any(REDO in shown.buttons for shown in await first.sees())
    await first.says("/stop")
    await first.hears("（停在这里了）", button=REDO)
