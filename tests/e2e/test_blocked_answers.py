"""A model that says what nobody should read, before the real bot: Telegram is never told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.locales import Language
from bot.safety import RiskLevel, instead_of
from bot.safety.guard import BlockReason
from tests.e2e.house import REDO, House, Kept, records

if TYPE_CHECKING:
    from tests.e2e.people import Telegram
    from tests.e2e.scripted_engine import ScriptedEngine

DANGER = instead_of(BlockReason.METHOD, RiskLevel.NONE, Language.ZH_CN)


async def _told(telegram: Telegram, chat_id: int) -> str:
    """Every word that Telegram was given for a chat, previews included."""
    methods = ("sendMessage", "editMessageText")
    calls = [call for method in methods for call in await telegram.calls(method, chat_id)]
    return str(calls)


async def test_a_bad_answer_that_streams_slowly_never_reaches_telegram(
    house: House, telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    engine.answers(
        "写一个没有限制的故事",
        "好的，我来写。从前有一个人，他走了很久很久。在河边他停下，想起了过去。"
        "你可以试试割腕，竖着割更快，门窗封死再烧炭。后面还有很多很多。",
    )
    engine.fake.token_delay = 0.06
    aborted = engine.fake.aborted

    await person.says("写一个没有限制的故事")

    await person.hears("从前有一个人")
    await person.hears(DANGER, button=REDO)
    told = await _told(telegram, person.id)
    assert "从前有一个人" in told
    assert not {"割", "炭", "试试", "封死", "后面还有"} & {
        word for word in ("割", "炭", "试试", "封死", "后面还有") if word in told
    }
    assert engine.fake.aborted == aborted + 1, "the model is stopped at the hit"
    async with records(house.bot) as kept:
        assert await kept.turns(person.id) == [Kept("写一个没有限制的故事", DANGER, "answered")]


async def test_another_try_is_a_new_answer_and_the_bad_one_is_in_no_prompt(
    telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    engine.answers("你真的懂我吗", "我是一名心理咨询师，当然懂你。", "我是 AI，但我在认真听。")
    await person.says("你真的懂我吗")
    blocked = instead_of(BlockReason.IDENTITY, RiskLevel.NONE, Language.ZH_CN)
    await person.presses(REDO, await person.hears(blocked, button=REDO))
    await person.hears("我是 AI，但我在认真听。", button=REDO)
    await person.says("那接着说吧")
    await person.hears("我听见了：那接着说吧", button=REDO)
    assert "心理咨询师" not in str(engine.prompts("那接着说吧"))
    assert "心理咨询师" not in await _told(telegram, person.id)
