"""Groups, and messages that are not text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.house import REDO, House, records

if TYPE_CHECKING:
    from tests.e2e.people import Telegram
    from tests.e2e.scripted_engine import ScriptedEngine


async def test_in_a_group_only_who_speaks_to_the_bot_is_heard(
    house: House, telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    group = await telegram.group()
    greeting = await person.hears("在群里，@ 我或回复我的消息", chat=group)

    await person.says("这是大家之间的闲聊", chat=group)
    asked = await person.says("@shudong_bot 你在群里听得见吗", chat=group)

    answer = await person.hears("我听见了：你在群里听得见吗", button=REDO, chat=group)
    assert answer.reply_to == asked
    await person.says("那我回复你的这一句呢", chat=group, reply_to=answer.id)
    await person.hears("我听见了：那我回复你的这一句呢", button=REDO, chat=group)
    await person.says("还是闲聊，不是对你说的", chat=group, reply_to=asked)
    await person.says("@shudong_bot 最后问一句", chat=group)
    await person.hears("我听见了：最后问一句", button=REDO, chat=group)

    assert len(await person.sees(group)) == 4
    assert greeting.reply_to is None
    assert not engine.prompts("闲聊")
    async with records(house.bot) as kept:
        said = [turn.said for turn in await kept.turns(person.id)]
    assert said == ["你在群里听得见吗", "那我回复你的这一句呢", "最后问一句"]


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("photo", "照片我看不了"),
        ("voice", "语音我听不了"),
        ("document", "文件我打不开"),
    ],
)
async def test_what_cannot_be_read_is_answered_kindly(
    kind: str, answer: str, telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    asked = len(engine.fake.requests)

    await person.sends(kind)

    await person.hears(answer)
    assert len(engine.fake.requests) == asked


async def test_a_sticker_is_answered_by_the_emoji_it_stands_for(
    telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()

    await person.sends("sticker")

    await person.hears("我听见了：🌳", button=REDO)
    assert engine.prompts("🌳")


async def test_the_words_under_a_photo_are_answered(
    telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()

    await person.sends("photo", caption="这是我今天看到的晚霞")

    await person.hears("这是我今天看到的晚霞", button=REDO)
    assert engine.prompts("这是我今天看到的晚霞")
