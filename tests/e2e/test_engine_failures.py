"""The engine is away, silent, or talks rubbish: one kind sentence, and nothing is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from devtools.engines.lmdeploy import Fault
from tests.e2e.house import REDO, RETRY, STOP, House, Kept, records

if TYPE_CHECKING:
    from tests.e2e.conftest import NewHouse
    from tests.e2e.people import Telegram
    from tests.e2e.scripted_engine import ScriptedEngine

SORRY = "刚才我这边出了点问题"
WAITING = "我这边暂时连不上"
# Every fault there is meets the engine's own tests; these are seen from a phone.
BEFORE_THE_ANSWER = (Fault.BINARY,)
IN_MID_ANSWER = (Fault.STALL_MID_STREAM, Fault.BROKEN_JSON)


@pytest.fixture(scope="module")
def house(new_house: NewHouse) -> House:
    """A bot that does not wait long for its engine."""
    limits = {"ENGINE_FIRST_TOKEN_TIMEOUT": "2", "ENGINE_STALL_TIMEOUT": "2"}
    return new_house("impatient", limits)


async def test_while_the_engine_is_down_people_are_told_and_answered_once_it_is_back(
    house: House, telegram: Telegram, engine: ScriptedEngine
) -> None:
    person, other = await telegram.person(), await telegram.person()
    engine.stop()
    try:
        await person.says("服务器不在的时候说的话")
        told = await person.hears(WAITING, button=STOP)
        await other.says("另一个人这时候说的话")
        await other.hears(WAITING, button=STOP)
        readiness = house.bot.readiness()
        assert readiness is not None
        assert readiness["status"] == "degraded"
    finally:
        engine.start()

    answer = await person.hears("我听见了：服务器不在的时候说的话", button=REDO)
    assert answer.id == told.id
    await other.hears("我听见了：另一个人这时候说的话", button=REDO)
    assert [len(await who.sees()) for who in (person, other)] == [1, 1]
    assert "engine_down" in house.bot.output
    async with records(house.bot) as kept:
        assert [turn.state for turn in await kept.turns(person.id)] == ["answered"]


async def test_an_engine_that_hangs_is_waited_for_as_well(
    telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    engine.fake.fault = Fault.STALL_BEFORE_FIRST_TOKEN

    await person.says("引擎一声不响的时候")
    told = await person.hears(WAITING, button=STOP)
    engine.undo_faults()

    answer = await person.hears("我听见了：引擎一声不响的时候", button=REDO)
    assert answer.id == told.id


@pytest.mark.parametrize("fault", BEFORE_THE_ANSWER + IN_MID_ANSWER)
async def test_whatever_the_engine_does_the_person_is_told_and_can_retry(
    fault: Fault, house: House, telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    said = f"引擎出了毛病时说的话{fault.value}"
    engine.fake.fault, engine.fake.fault_after = fault, 5

    await person.says(said)
    apology = await person.hears(SORRY, button=RETRY)
    assert apology.text.startswith("我听见了：……" if fault in IN_MID_ANSWER else "对不起")
    engine.undo_faults()
    await person.presses(RETRY, apology)

    answer = await person.hears(f"我听见了：{said}", button=REDO)
    assert answer.id == apology.id
    assert len(await person.sees()) == 1
    async with records(house.bot) as kept:
        assert await kept.turns(person.id) == [Kept(said, f"我听见了：{said}", "answered")]


async def test_an_answer_that_the_engine_died_over_is_made_anew_in_its_message(
    telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    engine.hold_after(5)
    await person.says("说到一半引擎没了")
    begun = await person.hears("我听见了：", button=STOP)

    engine.stop()
    engine.undo_faults()
    await person.hears(WAITING, button=STOP)
    engine.start()

    answer = await person.hears("我听见了：说到一半引擎没了", button=REDO)
    assert answer.id == begun.id
    assert len(await person.sees()) == 1
