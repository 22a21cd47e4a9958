"""What belongs to the talk itself, through one bot that is killed in the middle."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bot.locales import Language, texts_for
from bot.locales.talk import talk_texts_for
from tests.e2e.house import REDO, House
from tests.e2e.people import eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.people import Telegram
    from tests.e2e.scripted_engine import ScriptedEngine

TEXTS, TALK = texts_for(Language.ZH_CN), talk_texts_for(Language.ZH_CN)
LONG = "今天在图书馆坐了一下午，什么也没看进去。" * 200
"""Nearly as long as a message may be: a few fill so much of a window that they are folded."""


@pytest.fixture(scope="module")
def talk_house(new_house: Callable[..., House]) -> House:
    return new_house("talks", {"BURST_WINDOW": "0.2", "MAX_ANSWER_TOKENS": "8192"})


@pytest.fixture
def house(talk_house: House) -> House:
    """The house of this file."""
    return talk_house


async def test_what_was_told_is_noted_after_a_kill_known_later_and_forgotten_when_asked(
    house: House, telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    await person.says("叫我石头就好")
    await person.hears("叫我石头就好", button=REDO)
    for number in range(3):
        engine.answers(f"第{number}天", f"听着，第{number}天。")
        await person.says(f"第{number}天，{LONG}"[:4000])
        await person.hears(f"听着，第{number}天。", button=REDO)
    house.bot.kill()
    house.bot.start()

    async def noted() -> bool:
        await person.says("/memory")
        return "石头" in (await person.sees())[-1].text

    await eventually(noted, "the name is noted")
    await person.says("/reset")
    await person.presses(TEXTS.reset_yes, await person.hears(TEXTS.reset_ask_memory))
    await person.hears(TEXTS.reset_done)
    await person.says("你还认得我吗")
    await person.hears("你还认得我吗", button=REDO)
    told = engine.prompts("你还认得我吗")[0]
    assert "称呼：石头" in told[0]["content"]
    assert "图书馆" not in json.dumps(told, ensure_ascii=False)

    shown = await person.hears("石头", button=TALK.button_forget)
    await person.presses(TALK.button_forget, shown)
    asked = await person.hears(TALK.memory_forget_ask)
    await person.presses(TALK.button_forget_yes, asked)
    await person.hears(TALK.memory_forgotten)
    await person.says("现在呢，认得吗")
    await person.hears("现在呢，认得吗", button=REDO)
    assert "石头" not in engine.prompts("现在呢，认得吗")[0][0]["content"]
