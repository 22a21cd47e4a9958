"""A human on duty takes over, through real processes: two people, an admin, a restart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.house import ADMIN, OTHER_ADMIN, REDO, House, records

if TYPE_CHECKING:
    from tests.e2e.conftest import NewHouse
    from tests.e2e.people import Telegram
    from tests.e2e.scripted_engine import ScriptedEngine

DESK = ADMIN
"""The alerts go to one admin's private chat here; a group works the same way."""


@pytest.fixture(scope="module")
def house(new_house: NewHouse) -> House:
    """A bot with somebody on duty."""
    admins = {"ADMIN_USER_IDS": f"{ADMIN},{OTHER_ADMIN}", "ADMIN_CHAT_ID": str(DESK)}
    return new_house("staffed", {**admins, "BURST_WINDOW": "0.2"})


async def test_a_human_takes_over_writes_and_gives_back(
    house: House, telegram: Telegram, engine: ScriptedEngine
) -> None:
    admin, person, other = (
        await telegram.someone(ADMIN),
        await telegram.person(),
        await telegram.person(),
    )
    await admin.says("/start")
    await admin.hears("AI 陪伴助手")

    await person.says("我不想活了，真的撑不住")
    await person.hears("和一个真人说说")
    alert = await admin.hears("有人可能正处在危险中", button="接手")
    assert "撑不住" not in alert.text
    assert str(person.id) not in alert.text

    await admin.presses("接手", alert)
    await admin.hears("你接手了")
    await person.hears("现在这里有一位真人了")

    await person.says("你真的是人吗，不是程序")
    await admin.hears("你真的是人吗，不是程序")
    await admin.says("是真人，我叫小陈")
    await person.hears("👤 值班的人：\n是真人，我叫小陈")
    assert engine.prompts("你真的是人吗，不是程序") == []

    house.bot.kill()
    house.bot.start()
    await admin.says("重启以后我还在")
    await person.hears("👤 值班的人：\n重启以后我还在")
    assert engine.prompts("重启以后我还在") == []

    await other.says("我只是来聊聊天气")
    await other.hears("我听见了：我只是来聊聊天气", button=REDO)

    await admin.says("/close")
    await person.hears("值班的人先离开了")
    await person.says("他走了以后的第一句")
    await person.hears("他走了以后的第一句")
    assert len(engine.prompts("他走了以后的第一句")) == 1
    async with records(house.bot) as kept:
        said = (await kept.users.export(person.id)).from_humans
        assert [message.text for message in said] == ["是真人，我叫小陈", "重启以后我还在"]
        acts = [(act.action, act.outcome) for act in await kept.audit.list_recent(2)]
        assert acts == [("handover close", "done"), ("handover take", "done")]


async def test_who_asks_for_a_human_is_told_that_they_know(telegram: Telegram) -> None:
    admin, person = await telegram.someone(ADMIN), await telegram.person()
    await admin.says("/start")  # Telegram lets a bot write only to who has written to it
    await person.says("/human")
    await person.hears("我去叫值班的人")
    await admin.hears("有人想和真人说话", button="接手")
