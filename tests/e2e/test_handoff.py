"""A human on duty takes over, through real processes: two people, an admin, a restart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.locales import Language
from bot.safety import RiskLevel, card
from tests.e2e.house import ADMIN, OTHER_ADMIN, REDO, House, records

if TYPE_CHECKING:
    from tests.e2e.conftest import NewHouse
    from tests.e2e.people import Telegram
    from tests.e2e.scripted_engine import ScriptedEngine

DESK = ADMIN
"""The alerts go to one admin's private chat here; a group works the same way."""


@pytest.fixture(scope="module")
def house(new_house: NewHouse, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A bot with two admins on call, the second of whom is called soon."""
    rota = tmp_path_factory.mktemp("rota") / "rota.toml"
    rota.write_text(
        "".join(
            f'[[admin]]\nid = {admin}\nzone = "{zone}"\nshifts = ["daily 00:00-24:00"]\n'
            for admin, zone in ((ADMIN, "Asia/Shanghai"), (OTHER_ADMIN, "Europe/London"))
        )
    )
    settings = {"ADMIN_USER_IDS": f"{ADMIN},{OTHER_ADMIN}", "ADMIN_CHAT_ID": str(DESK)}
    settings |= {"ONCALL_ROTA": str(rota), "ONCALL_ACKNOWLEDGE_WITHIN": "1"}
    return new_house("staffed", {**settings, "BURST_WINDOW": "0.2"})


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
    await person.hears(card(RiskLevel.HIGH, Language.ZH_CN).partition("\n")[0])
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
    question = await admin.hears("TA 写过危险的话", button="还是结束")
    await admin.presses("还是结束", question)
    await person.hears("值班的人先离开了")
    await person.says("他走了以后的第一句")
    await person.hears("他走了以后的第一句")
    assert len(engine.prompts("他走了以后的第一句")) == 1
    async with records(house.bot) as kept:
        said = (await kept.users.export(person.id)).from_humans
        assert [message.text for message in said] == ["是真人，我叫小陈", "重启以后我还在"]
        acts = [(act.action, act.outcome) for act in await kept.audit.list_recent(2)]
        assert acts == [("handover close", "done"), ("handover take", "done")]


async def test_an_alert_goes_on_to_the_next_and_a_person_sends_the_human_away_despite_kill_9(
    house: House, telegram: Telegram, engine: ScriptedEngine
) -> None:
    admin, second = await telegram.someone(ADMIN), await telegram.someone(OTHER_ADMIN)
    for one in (admin, second):
        await one.says("/start")
        await one.hears("AI 陪伴助手")
    person = await telegram.person()
    await person.says("我真的不想活了")
    await admin.hears("有人可能正处在危险中", button="接手")
    house.bot.kill()  # before the second is called
    house.bot.start()
    alert = await second.hears("轮到你了", button="接手")
    assert "Europe/London" in alert.text
    await second.presses("接手", alert)
    here = await person.hears("现在这里有一位真人了", button="不要真人，谢谢")

    house.bot.kill()
    house.bot.start()
    await person.presses("不要真人，谢谢", here)
    await person.hears("真人已经离开了")
    await second.hears("TA 说不要真人")
    await person.says("只想和你说说月亮")
    await person.hears("只想和你说说月亮")
    assert not any("月亮" in shown.text for shown in await second.sees())
    async with records(house.bot) as kept:
        acts = await kept.audit.list_recent(3)  # a press that the kill cut off is done once more
        assert (OTHER_ADMIN, "handover decline", "by the person") in [
            (act.admin_id, act.action, act.outcome) for act in acts
        ]


async def test_who_asks_for_a_human_is_told_that_they_know(telegram: Telegram) -> None:
    admin, person = await telegram.someone(ADMIN), await telegram.person()
    await admin.says("/start")  # Telegram lets a bot write only to who has written to it
    await person.says("/human")
    asked = await person.hears("我去叫值班的人", button="不叫了")
    await admin.hears("有人想和真人说话", button="接手")
    await person.presses("不叫了", asked)
    await person.hears("不叫真人了")
