"""Somebody is in danger while something else goes wrong."""

from __future__ import annotations

import time
from datetime import date
from typing import TYPE_CHECKING

import httpx
import pytest

from bot.locales import Language, texts_for
from bot.safety import RiskLevel, card, guidance, render_hotlines
from bot.storage import Counters, utc_now
from bot.telegram.outbound.rendering import render
from devtools.processes import free_port
from tests.e2e.house import REDO, STOP, House, records
from tests.e2e.people import Telegram, eventually

if TYPE_CHECKING:
    from tests.e2e.conftest import NewHouse
    from tests.e2e.people import Person
    from tests.e2e.scripted_engine import ScriptedEngine
    from tests.e2e.spoken import Spoken

HIGH = "我不想活了，活着太累了"
IMMINENT = "我今晚就去跳楼，已经决定了"
HIDDEN = "我给每个人都留了一封信"
TEXTS = texts_for(Language.ZH_CN)
SAFE, WHERE, HONG_KONG = "我现在安全", "我在别的地方", "香港"


def text_of(reviewed: str) -> str:
    """A reviewed text as a chat shows it."""
    [part] = render(reviewed)
    return part.text


def opening(shown: str) -> str:
    """The first line of a message. Which lines a card names goes by the hour of the day."""
    return shown.partition("\n")[0]


HIGH_CARD = opening(text_of(card(RiskLevel.HIGH, Language.ZH_CN)))
IMMINENT_CARD = opening(text_of(card(RiskLevel.IMMINENT, Language.ZH_CN)))


@pytest.fixture(scope="module")
def house(new_house: NewHouse) -> House:
    """A bot whose Redis was never there."""
    redis = f"redis://127.0.0.1:{free_port()}/0"
    return new_house("danger", {"REDIS_URL": redis, "SHUTDOWN_GRACE": "1"})


async def sent(telegram: Telegram, person: Person) -> list[str]:
    """How every sendMessage to somebody begins so far, successful or not."""
    calls = await telegram.calls("sendMessage", person.id)
    return [opening(call["parameters"]["text"]) for call in calls]


async def first_sent_at(telegram: Telegram, person: Person, text: str) -> float:
    """The moment of the first sendMessage that begins so, by the monotonic clock."""
    calls = await telegram.calls("sendMessage", person.id)
    return next(float(c["monotonic"]) for c in calls if opening(c["parameters"]["text"]) == text)


async def counted(house: House, name: str) -> int:
    """How often something was counted."""
    async with records(house.bot) as kept:
        totals = await Counters(kept.database, utc_now).totals(date.min, date.max)
    return totals.get(name, 0)


async def test_kill_9_between_detection_and_card_still_delivers_the_card(
    house: House, telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    engine.answers(IMMINENT, "我听见了。谁现在能过来陪你？")  # an echo of the way would be blocked
    await telegram.fault("hang", method="sendMessage", chat_id=person.id, times=None)
    await person.says(IMMINENT)

    async def is_on_its_way() -> bool:
        return IMMINENT_CARD in await sent(telegram, person)

    await eventually(is_on_its_way, "the card is on its way")
    house.bot.kill()
    assert await person.sees() == []
    await telegram.undo_faults()
    house.bot.start()

    await person.hears(IMMINENT_CARD)
    await person.hears("我听见了", button=REDO)
    first, *_ = await person.sees()
    assert opening(first.text) == IMMINENT_CARD
    async with records(house.bot) as kept:
        assert [card.state for card in (await kept.users.export(person.id)).cards] == ["sent"]


async def test_the_card_waits_neither_for_the_engine_nor_for_redis(
    house: House, telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    asked = len(engine.prompts(IMMINENT))
    engine.stop()
    try:
        asked_at = time.monotonic()
        await person.says(IMMINENT)
        shown = await person.hears(IMMINENT_CARD)
        engine_was_away = len(engine.prompts(IMMINENT)) == asked
    finally:
        engine.start()
    [first, *_] = await telegram.calls("sendMessage", person.id)
    took = first["monotonic"] - asked_at
    print(f"update to card: {took * 1000:.0f} ms")
    assert opening(first["parameters"]["text"]) == IMMINENT_CARD
    assert engine_was_away
    assert {SAFE, WHERE} <= set(shown.buttons)


async def test_danger_stops_the_answer_of_an_engine_that_hangs(
    house: House, telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    engine.answers("今天想聊聊天气", "今天的天气真好啊，适合出门走走。")
    engine.hold_after(10)  # in the second clause: the first has been judged and is shown
    await person.says("今天想聊聊天气")
    await person.hears("今天", button=STOP)

    engine.undo_faults()  # the stream that is held stays held
    await person.says(HIGH)

    await person.hears(HIGH_CARD)
    await person.hears("我听见了", button=REDO)
    half, card, _ = await person.sees()
    assert half.text.endswith("……")
    assert half.buttons == {}
    assert opening(card.text) == HIGH_CARD
    async with records(house.bot) as kept:
        assert [turn.state for turn in await kept.turns(person.id)] == ["stopped", "answered"]


async def test_what_only_the_second_reader_finds_brings_its_card_within_three_seconds(
    house: House, telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    await person.says("/start")  # who is new waits for the reading, and no half answer is withdrawn
    await person.hears("树洞")
    greeted = len(await person.sees())
    engine.finds(HIDDEN, C=0.9, A=0.1)
    engine.answers(HIDDEN, "听起来你安排得很周到，真细心，祝你有好心情。")
    engine.hold_after(12)
    engine.fake.choice_delay = 1.0
    said_at = time.monotonic()
    await person.says(HIDDEN)
    await person.hears("听起来", button=STOP)
    engine.undo_faults()

    await person.hears(HIGH_CARD)

    took = await first_sent_at(telegram, person, HIGH_CARD) - said_at
    print(f"message to the second reader's card: {took * 1000:.0f} ms")
    assert took < 3
    await person.hears("安排得很周到", button=REDO)
    seen = (await person.sees())[greeted:]
    assert [opening(shown.text) for shown in seen][:2] == [
        TEXTS.withdrawn,
        HIGH_CARD,
    ]
    told = engine.prompts(HIDDEN)[-1][0]["content"]
    assert (guidance(RiskLevel.HIGH, card_asks=True) or "?") in told


async def test_a_second_reader_that_is_away_is_counted_and_costs_nothing(
    house: House, telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    before = await counted(house, "second_engine_away")
    engine.fake.choice_status = 500
    await person.says("今天的风很舒服")
    await person.hears("我听见了：今天的风很舒服", button=REDO)
    assert await counted(house, "second_engine_away") == before + 1
    await person.says(HIGH)
    await person.hears(HIGH_CARD)


async def test_it_gets_worse_within_the_window_and_is_taken_back(telegram: Telegram) -> None:
    person = await telegram.person()
    await person.says(HIGH)
    await person.hears(HIGH_CARD)
    await person.says(IMMINENT)
    await person.hears(IMMINENT_CARD)
    await person.hears("我听见了", button=REDO)
    await person.says("刚才是气话")
    await person.hears(TEXTS.risk_taken_back.strip().partition("\n")[0])


async def test_a_newcomer_in_danger_reads_the_card_first_and_no_disclaimer_last(
    telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    engine.answers(IMMINENT, "我听见了。谁现在能过来陪你？")
    await person.says(IMMINENT)
    await person.hears("我听见了。谁现在能过来陪你？", button=REDO)
    seen = [opening(shown.text) for shown in await person.sees(notices=True)]
    assert seen == [IMMINENT_CARD, "我听见了。谁现在能过来陪你？"]


async def test_danger_outlives_a_reset_and_a_restart(
    house: House, telegram: Telegram, engine: ScriptedEngine
) -> None:
    person = await telegram.person()
    await person.says(HIGH)
    await person.hears(HIGH_CARD)
    await person.hears("我听见了", button=REDO)
    await person.says("/reset")
    await person.presses(TEXTS.reset_yes, await person.hears(TEXTS.reset_ask_memory))
    await person.hears(TEXTS.reset_done)
    house.bot.kill()
    house.bot.start()

    await person.says("冰箱里还有半个西瓜")

    await person.hears("我听见了：冰箱里还有半个西瓜", button=REDO)
    told = engine.prompts("冰箱里还有半个西瓜")[0][0]["content"]
    assert (guidance(RiskLevel.HIGH, RiskLevel.NONE) or "?") in told

    shown = await person.hears(HIGH_CARD)
    await person.presses(SAFE, shown)
    await person.hears("有什么让你好受了一点")
    await person.says("西瓜很甜")
    await person.hears("我听见了：西瓜很甜", button=REDO)
    told = engine.prompts("西瓜很甜")[0][0]["content"]
    assert (guidance(RiskLevel.CONCERN) or "?") in told


async def test_a_region_chosen_once_counts_everywhere(telegram: Telegram) -> None:
    person = await telegram.person()
    await person.says("求助")
    lines = await person.hears(text_of(render_hotlines(Language.ZH_CN)), button=WHERE)
    await person.presses(WHERE, lines)
    await person.presses(HONG_KONG, await person.hears("你现在在哪里", button=HONG_KONG))
    await person.hears("18111")
    await person.says(IMMINENT)
    shown = await person.hears("我很担心你", button=SAFE)
    assert "18111" in shown.text
    assert "12356" not in shown.text


async def test_a_card_waits_for_no_burst_the_silent_are_asked_and_the_encoder_reads(
    new_house: NewHouse, spoken: Spoken
) -> None:
    pytest.importorskip("onnxruntime", reason="the encoder needs the extra `reader`")
    settings = {"BURST_WINDOW": "5", "CHECK_IN_AFTER": "1", "SHUTDOWN_GRACE": "0"}
    house = new_house("burst", settings | {"SECOND_READERS": "encoder"})
    async with httpx.AsyncClient(base_url=house.sandbox.url, trust_env=False, timeout=30) as client:
        telegram = Telegram(client, spoken)
        person, other = await telegram.person(), await telegram.person()
        await other.says("桥上的风很大，水很深")  # the first reader finds nothing in it
        await person.says(HIGH)
        await person.hears(HIGH_CARD)
        assert house.engine.prompts(HIGH) == []
        asked = await person.hears("我想问问你现在怎么样", button="以后不用问我")
        assert not any(word in asked.text for word in ("死", "自杀", "安全", "危险"))
        await person.presses("以后不用问我", asked)
        await person.hears("我不主动来问")
        await other.hears(IMMINENT_CARD)
    house.bot.end()
