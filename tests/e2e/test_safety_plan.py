"""A safety plan through the real bot: killed in the middle, it says what was typed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bot.locales import Language, texts_for
from bot.locales.plan import plan_texts_for
from bot.storage import PlanStep
from tests.e2e.house import House
from tests.e2e.people import eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    from devtools.processes import BotProcess, SandboxProcess
    from tests.e2e.people import Telegram
    from tests.e2e.scripted_engine import ScriptedEngine

TEXTS, WORDS = texts_for(Language.ZH_CN), plan_texts_for(Language.ZH_CN)
ANSWERS = ("整夜醒着", "到阳台浇花", "楼下的书店", "表姐小周", "六院的林医生", "钥匙交给室友")


@pytest.fixture(scope="module")
def house(
    tmp_path_factory: pytest.TempPathFactory,
    new_sandbox: Callable[..., SandboxProcess],
    new_engine: Callable[[], ScriptedEngine],
    new_bot: Callable[..., BotProcess],
) -> House:
    sandbox, engine = new_sandbox(), new_engine()
    folder = tmp_path_factory.mktemp("planned")
    bot = new_bot(folder, sandbox.bot_settings, engine.bot_settings, {"BURST_WINDOW": "0.2"})
    bot.start()
    return House(sandbox, engine, bot)


async def test_a_plan_survives_kill_9_and_goes_out_with_export_and_erase(
    house: House, telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    await person.says("/plan")
    start = await person.hears(WORDS.intro[:10], button=WORDS.button_begin)
    await person.presses(WORDS.button_begin, start)
    for step, answer in zip(PlanStep, ANSWERS, strict=True):
        await person.hears(WORDS.place_in_order(count=step.number), button=WORDS.button_stop)
        if step is PlanStep.PEOPLE:  # it dies with the question on the screen
            house.bot.kill()
            house.bot.start()
        await person.says(answer)
        if step is PlanStep.SIGNS:  # it dies with the answer on its way
            house.bot.kill()
            house.bot.start()

    async def whole() -> str | None:
        # The line that completes the plan is repeated above its title, as each line is once kept.
        plans = [m.text.partition(WORDS.title)[2] for m in await person.sees()]
        return next((plan for plan in plans if all(answer in plan for answer in ANSWERS)), None)

    plan = await eventually(whole, "the whole plan is shown")
    assert [plan.count(answer) for answer in ANSWERS] == [1] * 6
    assert not any(engine.prompts(answer) for answer in ANSWERS)

    await person.says("/export")
    sent = await person.hears(TEXTS.export_caption)
    kept = json.loads(await telegram.download(sent.body["document"]["file_id"]))
    assert kept["safety_plan"] == {s.value: [a] for s, a in zip(PlanStep, ANSWERS, strict=True)}
    assert kept["turns"] == []

    await person.says("我不想活了")
    card = await person.hears("你写过，这时候能帮到你的是")
    assert "到阳台浇花" in card.text
    assert "12356" in card.text

    await person.says("/erase")
    question = await person.hears("要彻底删除你的全部数据吗", button="全部删除")
    await person.presses("全部删除", question)
    await person.hears(TEXTS.erase_done)
    await person.says("/plan")

    async def begins_anew() -> bool:
        return sum(m.text.startswith(WORDS.intro[:10]) for m in await person.sees()) == 1

    await eventually(begins_anew, "the plan is gone")


async def test_danger_in_the_middle_brings_the_card_and_the_plan_goes_on_by_its_button(
    house: House, telegram: Telegram
) -> None:
    if not house.bot.running:
        house.bot.start()
    person = await telegram.person()
    await person.says("/start plan")
    start = await person.hears(WORDS.intro[:10], button=WORDS.button_begin)
    await person.presses(WORDS.button_begin, start)
    await person.hears(WORDS.place_in_order(count=1), button=WORDS.button_stop)

    await person.says("我不想活了，今晚就结束")

    await person.hears("12356")
    waiting = await person.hears(WORDS.place_in_order(count=1), button=WORDS.button_go_on)
    house.bot.kill()
    house.bot.start()
    await person.presses(WORDS.button_go_on, waiting)
    await person.hears(WORDS.place_in_order(count=1), button=WORDS.button_stop)
    await person.says("整夜醒着")
    await person.hears(WORDS.place_in_order(count=2))
    await person.says("/plan")
    shown = await person.hears(WORDS.owner)
    assert "整夜醒着" in shown.text
    assert "今晚" not in shown.text
