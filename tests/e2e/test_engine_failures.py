"""The engine is away, silent, or talks rubbish: one kind sentence, and a button that works."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.house import REDO, RETRY, STOP, House, Kept, records
from tests.inference.sse_server import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.people import Telegram
    from tests.e2e.processes import BotProcess, SandboxProcess
    from tests.e2e.scripted_engine import ScriptedEngine

SORRY = "刚才我这边出了点问题"
# Every fault there is meets the engine's own tests; these four are seen from a phone.
BEFORE_THE_ANSWER = (Fault.STALL_BEFORE_FIRST_TOKEN, Fault.BINARY)
IN_MID_ANSWER = (Fault.STALL_MID_STREAM, Fault.BROKEN_JSON)


@pytest.fixture(scope="module")
def impatient_house(
    tmp_path_factory: pytest.TempPathFactory,
    new_sandbox: Callable[..., SandboxProcess],
    new_engine: Callable[[], ScriptedEngine],
    new_bot: Callable[..., BotProcess],
) -> House:
    sandbox, engine = new_sandbox(), new_engine()
    bot = new_bot(
        tmp_path_factory.mktemp("impatient"),
        sandbox.bot_settings,
        engine.bot_settings,
        {"ENGINE_FIRST_TOKEN_TIMEOUT": "3", "ENGINE_STALL_TIMEOUT": "3"},
    )
    bot.start()
    return House(sandbox, engine, bot)


@pytest.fixture
def house(impatient_house: House) -> House:
    return impatient_house


async def test_while_the_engine_is_down_people_are_told_and_can_retry(
    house: House, telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    engine.stop()
    try:
        await person.says("服务器不在的时候说的话")
        apology = await person.hears("对不起", button=RETRY)
        readiness = house.bot.readiness()
        assert readiness is not None
        assert readiness["status"] == "degraded"
        async with records(house.bot) as kept:
            assert await kept.turns(person.id) == [Kept("服务器不在的时候说的话", None, "failed")]
    finally:
        engine.start()

    await person.presses(RETRY, apology)

    answer = await person.hears("我听见了：服务器不在的时候说的话", button=REDO)
    assert answer.id == apology.id
    assert len(await person.sees()) == 1
    assert "answer_failed" in house.bot.output


@pytest.mark.parametrize("fault", BEFORE_THE_ANSWER + IN_MID_ANSWER)
async def test_whatever_the_engine_does_the_person_is_told_and_can_retry(
    fault: Fault, house: House, telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    said = f"引擎出了毛病时说的话{fault.value}"
    engine.fake.fault, engine.fake.fault_after = fault, 3

    await person.says(said)
    apology = await person.hears(SORRY, button=RETRY)
    assert apology.text.startswith("我听见……" if fault in IN_MID_ANSWER else "对不起")
    engine.undo_faults()
    await person.presses(RETRY, apology)

    answer = await person.hears(f"我听见了：{said}", button=REDO)
    assert answer.id == apology.id
    assert len(await person.sees()) == 1
    async with records(house.bot) as kept:
        assert await kept.turns(person.id) == [Kept(said, f"我听见了：{said}", "answered")]


async def test_an_engine_that_dies_in_mid_answer_is_apologized_for(
    telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    engine.hold_after(4)
    await person.says("说到一半引擎没了")
    await person.hears("我听见了", button=STOP)

    engine.stop()
    engine.undo_faults()
    apology = await person.hears("我听见了……", button=RETRY)
    engine.start()
    await person.presses(RETRY, apology)

    await person.hears("我听见了：说到一半引擎没了", button=REDO)
