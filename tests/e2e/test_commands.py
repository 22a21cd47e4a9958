"""The commands everybody has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bot.locales import Language, texts_for
from tests.e2e.house import REDO, House, records
from tests.e2e.people import eventually

if TYPE_CHECKING:
    from typing import Any

    from tests.e2e.people import Telegram
    from tests.e2e.scripted_engine import ScriptedEngine

TEXTS, ENGLISH = texts_for(Language.ZH_CN), texts_for(Language.EN)


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("/start", "AI 陪伴助手"),
        ("/help", "/help_now 求助电话"),
        ("/help_now", "12356"),
        ("/privacy", "钥匙在他们手里，他们在技术上解得开"),
        ("/dance", "我不认识这个命令"),
    ],
)
async def test_a_command_is_answered_without_the_model(
    command: str, answer: str, telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    asked = len(engine.fake.requests)

    await person.says(command)

    await person.hears(answer)
    assert len(await person.sees()) == 1
    assert len(engine.fake.requests) == asked


async def test_a_command_is_answered_in_the_persons_language(telegram: Telegram) -> None:
    english = await telegram.person(language="en")
    traditional = await telegram.person(language="zh-hant")

    await english.says("/start")
    await traditional.says("/start")

    await english.hears("AI companion")
    await traditional.hears("樹洞")


async def test_reset_asks_once_and_then_forgets(
    house: House, telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    await person.says("我的小名叫石头")
    await person.hears("我的小名叫石头", button=REDO)

    await person.says("/reset")
    question = await person.hears(TEXTS.reset_ask_memory, button=TEXTS.reset_yes)
    await person.presses(TEXTS.reset_yes, question)
    done = await person.hears(TEXTS.reset_done)
    assert done.id == question.id
    assert not done.buttons

    await person.says("我们聊过什么呢")
    await person.hears("我们聊过什么呢", button=REDO)
    prompt = engine.prompts("我们聊过什么呢")[0]
    assert len(prompt) == 2
    assert "石头" not in json.dumps(prompt, ensure_ascii=False)


async def test_export_is_a_file_with_everything_that_was_said(telegram: Telegram) -> None:
    person = await telegram.person()
    await person.says("请把这句话交还给我")
    await person.hears("请把这句话交还给我", button=REDO)

    await person.says("/export")

    sent = await person.hears(TEXTS.export_caption)
    file = await telegram.download(sent.body["document"]["file_id"])
    turns: list[dict[str, Any]] = json.loads(file)["turns"]
    assert [(turn["you"], turn["shudong"]) for turn in turns] == [
        ("请把这句话交还给我", "我听见了：请把这句话交还给我")
    ]


async def test_export_of_nothing_says_so(telegram: Telegram) -> None:
    person = await telegram.person()

    await person.says("/export")

    await person.hears("还没有可以导出的对话")


async def test_erase_leaves_nothing_of_a_person(
    house: House, telegram: Telegram, engine: ScriptedEngine
) -> None:
    person, friend = await telegram.person(), await telegram.person()
    for someone in (person, friend):
        await someone.says("这句话要被删掉吗")
    for someone in (person, friend):
        await someone.hears("这句话要被删掉吗", button=REDO)

    await person.says("/erase")
    question = await person.hears("要彻底删除你的全部数据吗", button="全部删除")
    await person.presses("全部删除", question)
    await person.hears(TEXTS.erase_done)

    async with records(house.bot) as kept:
        assert await kept.turns(person.id) == []
        assert len(await kept.turns(friend.id)) == 1

    await person.says("我们重新认识一下")
    await person.hears("我们重新认识一下", button=REDO)
    assert len(engine.prompts("我们重新认识一下")[0]) == 2


@pytest.mark.parametrize(
    ("command", "no", "kept_answer"),
    [("/reset", "先留着", "都还留着"), ("/erase", "先不删", "什么都没有删")],
)
async def test_who_thinks_better_of_it_loses_nothing(
    command: str, no: str, kept_answer: str, house: House, telegram: Telegram
) -> None:
    person = await telegram.person()
    await person.says("这句话我想留着")
    await person.says(command)
    question = await person.hears("", button=no)
    await person.presses(no, question)

    answer = await person.hears(kept_answer)
    assert answer.id == question.id
    async with records(house.bot) as kept:
        assert len(await kept.turns(person.id)) == 1


async def test_the_menu_names_every_command_in_the_persons_language(telegram: Telegram) -> None:
    chinese, english = await telegram.person(), await telegram.person(language="en")

    expected = {"start", "help", "help_now", "human", "contact", "safety", "stop"}
    expected |= {
        "reset",
        "privacy",
        "export",
        "erase",
        "about",
        "complain",
        "plan",
        "care",
        "memory",
        "settings",
        "exercises",
    }
    for person, word in ((chinese, "不再提起我们聊过的"), (english, ENGLISH.command_reset)):
        menu = await telegram.menu(person.id)
        assert set(menu) == expected
        assert menu["reset"] == word


async def test_a_command_passes_the_answer_that_is_being_made(
    telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    engine.answers("等会儿再说完", "这一句，正说到一半的时候")
    engine.hold_after(5)
    await person.says("等会儿再说完也行")
    await person.hears("这一句，")

    await person.says("/help_now")

    await person.hears("12356")
    await person.says("/stop")
    await person.hears("停在这里了")


async def test_a_command_that_cannot_be_handled_is_tried_again(telegram: Telegram) -> None:
    person = await telegram.person()
    await telegram.fault("error", method="sendMessage", chat_id=person.id, status=502)

    await person.says("/privacy")

    async def told() -> bool:
        return len(await person.sees()) == 1

    await eventually(told, "the command is answered after all")
