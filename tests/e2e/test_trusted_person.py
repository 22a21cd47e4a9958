"""Somebody a person trusts, through the real bot: killed after each step, nothing is lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bot.locales import Language, texts_for
from bot.locales.trusted import trusted_texts_for
from tests.e2e.house import House, records

if TYPE_CHECKING:
    from tests.e2e.conftest import NewHouse
    from tests.e2e.people import Telegram

TEXTS, WORDS = texts_for(Language.ZH_CN), trusted_texts_for(Language.ZH_CN)


@pytest.fixture(scope="module")
def house(new_house: NewHouse) -> House:
    return new_house("trusting", {"TRUSTED_PERSONS": "on", "BURST_WINDOW": "0.2"})


async def test_it_is_agreed_asked_told_and_ended_whenever_the_bot_is_killed(
    house: House, telegram: Telegram
) -> None:
    def dies() -> None:
        house.bot.kill()
        house.bot.start()

    person, friend = await telegram.person(), await telegram.person()
    await person.says("/trusted 阿姨 小竹")
    link = (await person.hears("?start=trusted-")).text.rpartition("?start=")[2].strip()
    dies()
    await friend.says(f"/start {link}")
    invitation = await friend.hears("小竹 想请你", button=WORDS.button_agree)
    await friend.presses(WORDS.button_agree, invitation)
    await friend.hears("小竹 会知道你同意了")
    dies()  # before the person has heard of it, or after
    await person.hears(WORDS.agreed(name="阿姨"))

    await person.says("我今晚就去跳楼，已经决定了")
    await person.hears("请现在就打")
    dies()
    question = await person.hears("要不要告诉 阿姨", button=WORDS.button_send)
    assert await friend.sees() == [
        shown for shown in await friend.sees() if "很难，想有人陪" not in shown.text
    ]
    await person.presses(WORDS.button_send, question)
    dies()
    told = await friend.hears("小竹 现在很难", button=WORDS.button_seen)
    assert told.text in question.text
    assert "跳楼" not in told.text
    dies()
    await person.hears(WORDS.told(name="阿姨"))
    await friend.presses(WORDS.button_seen, told)
    dies()
    await person.hears(WORDS.seen(name="阿姨"))

    await person.says("/export")
    sent = await person.hears(TEXTS.export_caption[:12])
    kept = json.loads(await telegram.download(sent.body["document"]["file_id"]))
    assert kept["trusted_person"]["you_trust"]["name"] == "阿姨"
    async with records(house.bot) as stored:
        acts = [(one.action, one.outcome) for one in await stored.audit.list_recent(5)]
        assert acts == [("trusted tell", "delivered"), ("trusted agree", "done")]
    await person.says("/erase")
    question = await person.hears(TEXTS.erase_ask[:8], button=TEXTS.erase_yes)
    await person.presses(TEXTS.erase_yes, question)
    dies()
    await friend.hears(WORDS.ended_erased[:12])


async def test_who_has_blocked_the_bot_is_told_honestly_to_the_person(
    house: House, telegram: Telegram
) -> None:
    person, friend = await telegram.person(), await telegram.person()
    await person.says("/trusted 阿姨 小竹")
    link = (await person.hears("?start=trusted-")).text.rpartition("?start=")[2].strip()
    await friend.says(f"/start {link}")
    invitation = await friend.hears("小竹 想请你", button=WORDS.button_agree)
    await friend.presses(WORDS.button_agree, invitation)
    await person.hears(WORDS.agreed(name="阿姨"))
    await friend.blocks()
    await person.says("我今晚就去跳楼，已经决定了")
    question = await person.hears("要不要告诉 阿姨", button=WORDS.button_send)
    await person.presses(WORDS.button_send, question)
    await person.hears("没能告诉 阿姨")
