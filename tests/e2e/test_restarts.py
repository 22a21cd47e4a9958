"""The bot dies, politely or not, and comes back: nothing is lost, nothing is said twice."""

from __future__ import annotations

import base64
import secrets
from typing import TYPE_CHECKING

import pytest

from tests.e2e.house import REDO, STOP, House, Kept, records
from tests.e2e.people import eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    from devtools.processes import BotProcess, SandboxProcess
    from tests.e2e.people import Telegram
    from tests.e2e.scripted_engine import ScriptedEngine


@pytest.fixture(scope="module")
def mortal_house(
    tmp_path_factory: pytest.TempPathFactory,
    new_sandbox: Callable[..., SandboxProcess],
    new_engine: Callable[[], ScriptedEngine],
    new_bot: Callable[..., BotProcess],
) -> House:
    world = tmp_path_factory.mktemp("world")
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    sandbox, engine = new_sandbox(data_dir=world, key=key), new_engine()
    bot = new_bot(
        tmp_path_factory.mktemp("mortal"),
        sandbox.bot_settings,
        engine.bot_settings,
        {"SHUTDOWN_GRACE": "2", "BURST_WINDOW": "0.2"},
    )
    return House(sandbox, engine, bot)


@pytest.fixture
def house(mortal_house: House) -> House:
    """The bot in it may be dead, see `awake`."""
    return mortal_house


@pytest.fixture
def awake(house: House) -> None:
    if not house.bot.running:
        house.bot.start()


@pytest.mark.usefixtures("awake")
async def test_kill_9_loses_nothing_and_says_nothing_twice(
    house: House, telegram: Telegram, engine: ScriptedEngine
) -> None:
    """One crash, met by three people: in mid-answer, before the answer, and long after one."""
    reading, waiting, known = [await telegram.person() for _ in range(3)]
    await known.says("我养了一只乌龟叫慢慢")
    await known.hears("我养了一只乌龟叫慢慢", button=REDO)
    engine.answers("正在读回答的人", "窗外在下雨，这个回答只写到一半")
    engine.hold_after(8)
    await reading.says("正在读回答的人说的话")
    begun = await reading.hears("窗外在下雨，", button=STOP)
    engine.hold_after(0)
    await waiting.says("还在等回答的人说的话")

    async def reached_the_engine() -> bool:
        return bool(engine.prompts("还在等回答的人说的话"))

    await eventually(reached_the_engine, "the second message is about to be answered")
    house.bot.kill()
    engine.undo_faults()
    house.bot.start()

    finished = await reading.hears("窗外在下雨，这个回答只写到一半", button=REDO)
    assert finished.id == begun.id
    await waiting.hears("我听见了：还在等回答的人说的话", button=REDO)
    await known.says("它叫什么你还记得吗")
    await known.hears("它叫什么你还记得吗", button=REDO)
    assert [len(await person.sees()) for person in (reading, waiting, known)] == [1, 1, 2]
    _, *talk = engine.prompts("它叫什么你还记得吗")[0]
    assert [entry["content"] for entry in talk[:2]] == [
        "我养了一只乌龟叫慢慢",
        "我听见了：我养了一只乌龟叫慢慢",
    ]
    async with records(house.bot) as kept:
        assert await kept.turns(reading.id) == [
            Kept("正在读回答的人说的话", "窗外在下雨，这个回答只写到一半", "answered")
        ]


@pytest.mark.usefixtures("awake")
async def test_a_stop_in_mid_answer_finishes_the_answer_after_the_next_start(
    house: House, telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    engine.answers("被关掉之前", "关机之前，写了一半的回答")
    engine.hold_after(6)
    await person.says("被关掉之前说的话")
    begun = await person.hears("关机之前，", button=STOP)

    assert house.bot.end() == 0
    engine.undo_faults()
    house.bot.start()

    finished = await person.hears("关机之前，写了一半的回答", button=REDO)
    assert finished.id == begun.id
    assert len(await person.sees()) == 1


@pytest.mark.usefixtures("awake")
async def test_a_stop_lets_an_answer_end_that_can_end_in_time(
    house: House, telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    engine.answers("快要关机了", "马上就写完了。")
    engine.fake.token_delay = 0.05
    await person.says("快要关机了还来得及吗")

    async def is_answering() -> bool:
        return engine.fake.running > 0

    await eventually(is_answering, "the answer begins")
    assert house.bot.end() == 0

    await person.hears("马上就写完了。", button=REDO)


async def test_what_is_written_while_the_bot_is_away_is_answered_when_it_is_back(
    house: House, telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    house.bot.kill()  # if the test before has left one
    for line in ("你不在的时候", "我写了三行字", "等你回来看"):
        await person.says(line)

    house.bot.start()

    await person.hears("我听见了：你不在的时候\n我写了三行字\n等你回来看", button=REDO)
    assert len(await person.sees()) == 1
    assert len(engine.prompts("等你回来看")) == 1


@pytest.mark.usefixtures("awake")
async def test_telegram_itself_restarts_and_nothing_is_repeated_or_lost(
    house: House, telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    await person.says("重启之前说的一句话")
    await person.hears("重启之前说的一句话", button=REDO)

    house.sandbox.end()
    house.sandbox.start()

    said, *_, answer = await telegram.messages(person.id)
    assert (said.text, answer.text) == ("重启之前说的一句话", "我听见了：重启之前说的一句话")
    assert len(await person.sees()) == 1
    await person.says("重启之后说的一句话")
    await person.hears("重启之后说的一句话", button=REDO)
    assert len(await person.sees()) == 2
    assert len(engine.prompts("重启之前说的一句话")) == 1


@pytest.mark.usefixtures("awake")
async def test_no_file_holds_what_was_said_in_plain_text(house: House, telegram: Telegram) -> None:
    person = await telegram.person()
    await person.says("硬盘上不许有这句话的原文")
    await person.hears("硬盘上不许有这句话的原文", button=REDO)

    files = [path for path in house.bot.data_dir.rglob("*") if path.is_file()]

    assert house.bot.data_dir.stat().st_mode & 0o077 == 0
    assert any(path.name == "shudong.db" for path in files)
    for path in files:
        content = path.read_bytes()
        for encoding in ("utf-8", "utf-16-le"):
            assert "不许有这句话".encode(encoding) not in content, path.name
        assert b"\\u4e0d\\u8bb8\\u6709" not in content, path.name
