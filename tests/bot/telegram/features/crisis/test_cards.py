"""A card waits for nothing and is lost by nothing."""

from __future__ import annotations

import asyncio

import pytest
from telegram.error import Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError

from bot.safety import Region, RiskLevel, card, render_hotlines, repeated_card
from tests.bot.telegram.features.crisis.cards import (
    CN,
    HIGH,
    HIGH_CARD,
    IMMINENT,
    IMMINENT_CARD,
    TEAM,
    alerts,
    is_again,
    says,
    sent_at,
    shown,
)
from tests.bot.telegram.room import CARD_WINDOW, TEXTS
from tests.bot.telegram.scripted_engine import ANSWER
from tests.bot.telegram.updates import GROUP, PERSON, message, press


async def test_the_card_waits_for_no_running_answer_no_burst_and_no_slot(open_room, engine):
    room = open_room(burst_window=5.0)
    engine.will(asyncio.Event())
    await room.arrive(message("今天吃什么"))
    await room.passes(7)  # an answer is being made; its first message has just been sent
    now = room.clock.now
    await room.arrive(message(IMMINENT))
    [call] = [call for call in room.bot.calls if call.text == shown(IMMINENT_CARD)]
    assert call.at == now


async def test_a_call_that_hangs_holds_no_card(room):
    room.bot.gate = asyncio.Event()
    await room.arrive(message("今天吃什么"))
    await room.passes(2)
    await room.arrive(message(HIGH))
    assert room.bot.calls[-1].text == shown(HIGH_CARD)
    room.bot.gate.set()
    await room.passes(5)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"text": f"/start {IMMINENT}"}, id="command"),
        pytest.param({"caption": IMMINENT, "photo": []}, id="caption"),
        pytest.param({"text": IMMINENT, "edit_date": 5}, id="edit"),
    ],
)
async def test_every_kind_of_words_is_read(room, fields):
    update = message(fields.pop("text", None), **fields)
    if "edit_date" in fields:
        update["edited_message"] = update.pop("message")
    await room.arrive(update)
    assert shown(IMMINENT_CARD) in room.bot.texts(PERSON)


async def test_words_that_are_not_for_the_bot_are_not_read(room):
    update = message(IMMINENT, chat=GROUP)
    del update["message"]["reply_to_message"]
    await room.arrive(update)
    assert room.bot.calls == []


async def test_a_card_owed_by_a_dead_process_is_sent_by_the_next_one(open_room, engine, storage):
    room = open_room()
    room.bot.gate = asyncio.Event()
    await room.arrive(message(IMMINENT))
    assert sent_at(room, shown(IMMINENT_CARD)) == [0.0]
    assert room.bot.texts(PERSON) == []  # the call is on its way when the process dies
    await room.aclose()
    room.bot.gate = None
    await storage.cards.release_others()
    after = open_room()
    await after.sweep()
    await after.passes(10)
    assert room.bot.texts(PERSON) == [shown(IMMINENT_CARD), ANSWER]


async def test_an_answer_taken_over_comes_after_the_card_that_is_still_owed(open_room, storage):
    room = open_room()
    room.bot.faults["send"].extend(NetworkError("x") for _ in range(3))
    await room.arrive(message(HIGH))
    await room.passes(30)
    assert room.bot.texts(PERSON) == [shown(HIGH_CARD), ANSWER]


async def test_a_database_that_is_away_keeps_nobody_from_a_card(room, database_switch):
    update = message(HIGH)
    database_switch.is_away = True
    for _ in range(3):  # Telegram sends again what was not acknowledged
        with pytest.raises(Exception, match="database"):
            await room.arrive(update)
        await room.passes(2)
    assert room.bot.texts(PERSON) == [shown(card(RiskLevel.HIGH, CN))], "whose age is not known"
    another = message(HIGH)
    with pytest.raises(Exception, match="database"):
        await room.arrive(another)
    await room.passes(2)
    assert room.bot.texts(PERSON)[1:] == [shown(repeated_card(RiskLevel.HIGH, CN, 1))]
    database_switch.is_away = False
    await room.arrive(update, another)
    await room.passes(10)
    assert room.bot.texts(PERSON)[2:] == [ANSWER, ANSWER]
    assert await room.storage.cards.claim_owed(9) == []


async def test_numbers_are_of_the_chosen_region_with_the_database_away(room, database_switch):
    await room.arrive(press(f"risk:in:HK:{PERSON}"))
    await room.passes(3)
    database_switch.is_away = True
    for words, seen in (
        (IMMINENT, card(RiskLevel.IMMINENT, CN, Region.HK, is_minor=False)),
        ("/help_now", render_hotlines(CN, Region.HK)),
    ):
        with pytest.raises(Exception, match="database"):
            await room.arrive(message(words))
        await room.passes(2)
        assert room.bot.texts(PERSON)[-1] == shown(seen)


@pytest.mark.parametrize("words", ["求助", "求助！", "Help", "/help_now"])
async def test_the_hotlines_come_with_the_database_away(room, database_switch, words):
    update = message(words)
    database_switch.is_away = True
    for _ in range(2):
        with pytest.raises(Exception, match="database"):
            await room.arrive(update)
        await room.passes(1)
    assert room.bot.texts(PERSON) == [shown(render_hotlines(CN))]


@pytest.mark.parametrize("words", ["求助", "求助。", "help"])
async def test_who_writes_a_call_for_help_sees_the_hotlines(room, engine, words):
    assert await says(room, words) == [shown(render_hotlines(CN))]
    assert engine.prompts == []


async def test_a_whole_turn_is_read_again_and_what_is_worse_brings_its_card(open_room, engine):
    room = open_room(admin_chat=TEAM)
    engine.will("你是不是想过结束自己的生命？")
    await says(room, "最近很累")
    assert await says(room, "想过") == [shown(HIGH_CARD), ANSWER]
    [alert] = alerts(room)
    assert TEXTS.desk_high in alert


async def test_what_is_written_in_one_breath_brings_one_card(open_room):
    room = open_room(burst_window=2.0)
    await room.arrive(message(HIGH))
    await room.arrive(message("真的" + HIGH))
    await room.passes(15)
    assert room.bot.texts(PERSON) == [shown(HIGH_CARD), ANSWER]


async def test_a_card_is_not_repeated_within_its_window_and_what_comes_instead_varies(room):
    first = await says(room, HIGH)
    repeats = [(await says(room, HIGH))[0] for _ in range(4)]
    assert first[0] == shown(HIGH_CARD)
    assert all(is_again(repeat, number) for number, repeat in enumerate(repeats, start=1))
    assert len({repeat.rpartition("\n")[2] for repeat in repeats}) == 4, (
        "another question each time"
    )
    assert all(len(repeat) < len(first[0]) * 2 / 3 for repeat in repeats)
    assert (await says(room, IMMINENT))[0] == shown(IMMINENT_CARD)
    await room.passes(CARD_WINDOW.total_seconds())
    assert (await says(room, HIGH))[0] == shown(HIGH_CARD)


def refused_by_a_proxy():
    refused = Forbidden("Forbidden (403)")
    refused.__cause__ = TelegramError("the answer is not Telegram's")
    return refused


@pytest.mark.parametrize("fault", [refused_by_a_proxy(), InvalidToken("Not Found")], ids=repr)
async def test_a_refusal_that_passes_costs_nobody_a_card(open_room, fault):
    room = open_room(trusted_at_risk=())
    room.bot.chat_faults[PERSON].extend([fault] * 2)
    await room.arrive(message(HIGH))
    await room.passes(20)
    assert room.bot.texts(PERSON)[0] == shown(HIGH_CARD)


@pytest.mark.parametrize("fault", [Forbidden("x"), RetryAfter(3600)], ids=repr)
async def test_a_card_that_cannot_be_delivered_ends_or_stays_owed(room, fault):
    room.bot.chat_faults[PERSON].extend([fault] * 3)
    await room.arrive(message(HIGH))
    await room.passes(5)
    room.bot.chat_faults.clear()
    await room.sweep()
    await room.passes(5)
    assert (shown(HIGH_CARD) in room.bot.texts(PERSON)) is isinstance(fault, RetryAfter)


async def test_who_is_on_duty_is_told_and_a_fault_there_costs_nobody_a_card(open_room, monkeypatch):
    async def broken(*_, **__):
        raise RuntimeError

    room = open_room(admin_chat=TEAM)
    await says(room, HIGH)
    [alert] = alerts(room)
    assert TEXTS.desk_high in alert
    monkeypatch.setattr(type(room.storage.handovers), "open", broken)
    assert (await says(room, IMMINENT))[0] == shown(IMMINENT_CARD)
