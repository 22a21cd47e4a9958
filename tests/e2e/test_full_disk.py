"""No room for another message: nothing is acknowledged, nothing is lost."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.e2e.house import REDO, House, Kept, records
from tests.e2e.people import eventually

if TYPE_CHECKING:
    from tests.e2e.people import Telegram
    from tests.e2e.scripted_engine import ScriptedEngine

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="prlimit is Linux's")


async def test_what_cannot_be_stored_is_not_acknowledged_and_answered_once_there_is_room(
    house: House, telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    await person.says("硬盘还有地方的时候")
    await person.hears("硬盘还有地方的时候", button=REDO)
    logged = len(house.bot.output)
    house.bot.let_files_grow_to(0)
    try:
        await person.says("硬盘已经满了的时候")

        async def is_noticed() -> bool:
            return "polling_failed" in house.bot.output[logged:]

        await eventually(is_noticed, "the operator is told")
        assert len(await telegram.unconfirmed()) == 1
        assert house.bot.readiness() is None
        assert not engine.prompts("硬盘已经满了的时候")
    finally:
        house.bot.let_files_grow_to(None)

    await person.hears("我听见了：硬盘已经满了的时候", button=REDO)
    assert await telegram.unconfirmed() == []
    assert len(await person.sees()) == 2
    async with records(house.bot) as kept:
        assert await kept.turns(person.id) == [
            Kept(said, f"我听见了：{said}", "answered")
            for said in ("硬盘还有地方的时候", "硬盘已经满了的时候")
        ]
