"""What a person in danger meets, to the end of the talk: through the real bot, no model trusted."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.locales import Language, texts_for
from bot.locales.crisis import crisis_texts_for
from bot.safety import Danger, RiskLevel, Step, card, spoken
from tests.e2e.people import eventually

if TYPE_CHECKING:
    from tests.e2e.conftest import NewHouse
    from tests.e2e.house import House
    from tests.e2e.people import Person, Shown, Telegram
    from tests.e2e.scripted_engine import ScriptedEngine

TEXTS = crisis_texts_for(Language.ZH_CN)
ASKS = [spoken(Step(question=question), Language.ZH_CN) for question in TEXTS.questions]
SAFE = "我现在安全"
STRANGER = TEXTS.questions["stranger"].partition("\n")[0]


@pytest.fixture(scope="module")
def house(new_house: NewHouse) -> House:
    """A bot whose large model the operators have not named for people in danger."""
    return new_house("protocol", {"MODELS_TRUSTED_AT_RISK": "", "SHUTDOWN_GRACE": "1"})


def opening(level: RiskLevel, danger: Danger) -> str:
    """The first line of a card."""
    return card(level, Language.ZH_CN, danger=danger).partition("\n")[0]


async def steps(person: Person) -> list[Shown]:
    """What the bot has said, without the line that it is an AI."""
    notice = texts_for(Language.ZH_CN).care_session
    return [shown for shown in await person.sees() if shown.text != notice]


async def next_after(person: Person, words: str) -> str:
    """Say something; the next message of the bot's."""
    before = len(await steps(person))
    await person.says(words)

    async def answered() -> str | None:
        seen = await steps(person)
        return seen[before].text if len(seen) > before else None

    return await eventually(answered, "the next step")


async def test_each_danger_brings_its_card_and_then_its_own_question(
    telegram: Telegram, engine: ScriptedEngine
) -> None:
    said = {
        "喝了半瓶洁厕灵": (RiskLevel.IMMINENT, Danger.BODY),
        "老公掐着我脖子": (RiskLevel.IMMINENT, Danger.VIOLENCE),
        "我男朋友刚才打了我，脸都肿了": (RiskLevel.HIGH, Danger.VIOLENCE),
        "我被老师摸了": (RiskLevel.HIGH, Danger.CHILD),
        "我今年十三岁，我爸拿皮带抽我": (RiskLevel.HIGH, Danger.CHILD),
        "我想把他杀了": (RiskLevel.HIGH, Danger.THREAT),
        "耳朵里有人一直叫我往车流里走": (RiskLevel.HIGH, Danger.VOICES),
        "我朋友刚发消息说她吃了药，不回我了": (RiskLevel.HIGH, Danger.OTHER),
    }
    people = [await telegram.person() for _ in said]
    shown = await asyncio.gather(*map(next_after, people, said))
    assert {words: text.partition("\n")[0] for words, text in zip(said, shown, strict=True)} == {
        words: opening(*expected) for words, expected in said.items()
    }
    asked = await asyncio.gather(*(next_after(person, "外面一直在下雨") for person in people))
    for card_text, question in zip(shown, asked, strict=True):
        assert question.rpartition("\n")[2] in ASKS
        assert question.rpartition("\n")[2] not in card_text
    assert all(not engine.prompts(words) for words in said)


async def test_a_talk_branches_never_asks_twice_and_survives_kill_9(
    house: House, telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    assert (await next_after(person, "我不想活了")).startswith(
        opening(RiskLevel.HIGH, Danger.SUICIDE)
    )
    assert TEXTS.questions["reach"] in await next_after(person, "就我一个人在")
    house.bot.kill()
    house.bot.start()
    assert STRANGER in await next_after(person, "没有谁可以找")
    await telegram.fault("hang", method="sendMessage", chat_id=person.id, times=None)
    asked = len(await telegram.calls("sendMessage", person.id))
    await person.says("外面一直在下雨")

    async def is_on_its_way() -> bool:
        return len(await telegram.calls("sendMessage", person.id)) > asked

    await eventually(is_on_its_way, "the next step is on its way")
    house.bot.kill()
    await telegram.undo_faults()
    house.bot.start()

    async def went_on() -> list[str] | None:
        seen = await steps(person)
        return [shown.text for shown in seen] if len(seen) > 3 else None

    seen = await eventually(went_on, "the talk goes on")
    questions = [text.rpartition("\n")[2] for text in seen]
    assert len(set(questions)) == len(questions)
    assert all(not engine.prompts(words) for words in ("我不想活了", "一个人", "没有谁", "下雨"))


async def test_nothing_is_asked_after_the_plea_not_to_be_asked(telegram: Telegram) -> None:
    person = await telegram.person()
    await next_after(person, "我不想活了")
    assert "我不问了" in await next_after(person, "别问我了")
    assert "？" not in await next_after(person, "外面一直在下雨")


async def test_the_buttons_stand_under_the_newest_message_alone(telegram: Telegram) -> None:
    person = await telegram.person()
    await next_after(person, "我不想活了")
    await next_after(person, "外面一直在下雨")

    async def moved() -> bool:
        seen = await steps(person)
        return [SAFE in shown.buttons for shown in seen] == [False, True]

    await eventually(moved, "the card has no buttons any more")


async def test_danger_in_a_group_is_met_alone(telegram: Telegram) -> None:
    known, stranger = await telegram.person(), await telegram.person()
    await known.says("/start")
    await known.hears("树洞")
    group = await telegram.group()
    await known.says("@shudong_bot 我不想活了", chat=group)
    await known.hears(opening(RiskLevel.HIGH, Danger.SUICIDE))
    await known.hears(TEXTS.words["in_group_again"], chat=group)
    await stranger.says("@shudong_bot 我真的不想活了", chat=group)  # the bot may not write first
    await known.hears(TEXTS.words["in_group"], chat=group)
    assert await stranger.sees() == []
    for shown in await known.sees(group):
        assert not any(word in shown.text for word in ("死", "不想活", "安全", "12356"))


async def test_what_was_done_is_asked_once_more_and_brings_the_card_of_the_body(
    telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    await next_after(person, "我不想活了")
    assert TEXTS.questions["taken"] in await next_after(person, "外面一直在下雨")
    assert TEXTS.questions["taken_which"] in await next_after(person, "嗯")
    assert (await next_after(person, "吃了药")).startswith(opening(RiskLevel.IMMINENT, Danger.BODY))
    assert TEXTS.words["goodnight"] not in [shown.text for shown in await person.sees()]
    assert all(not engine.prompts(words) for words in ("我不想活了", "下雨", "嗯"))


async def test_nobody_is_let_sleep_before_the_body_was_asked_about(telegram: Telegram) -> None:
    person = await telegram.person()
    await next_after(person, "我不想活了")
    assert TEXTS.questions["goodbye"] in await next_after(person, "晚安")
    assert TEXTS.questions["taken"] in await next_after(person, "去睡了")
    night = spoken(Step(words="goodnight"), Language.ZH_CN)
    assert night in await next_after(person, "没有")


async def test_who_comes_back_to_a_beaten_person_is_no_company(telegram: Telegram) -> None:
    person = await telegram.person()
    await next_after(person, "我男朋友刚才打了我，脸都肿了")
    assert TEXTS.questions["leave"] in await next_after(person, "他回来了")
    assert TEXTS.questions["quiet"] in await next_after(person, "不能")
    shown = "\n".join(one.text for one in await person.sees())
    for never in (TEXTS.questions["show_them"], TEXTS.heard["company"], TEXTS.heard["done"]):
        assert never not in shown
