"""Words of danger stop the answer that is being written, wherever it stands."""

from __future__ import annotations

import asyncio

import pytest

from bot.safety import RiskLevel, card, word
from bot.storage import Notification, StorageError
from inference.engine import EngineUnavailable
from tests.bot.telegram.features.crisis.cards import (
    CN,
    HIGH,
    HIGH_CARD,
    IMMINENT,
    IMMINENT_CARD,
    shown,
)
from tests.bot.telegram.room import TEXTS
from tests.bot.telegram.scripted_engine import ANSWER
from tests.bot.telegram.updates import GROUP, OTHER, PERSON, edit, message, press

HALF = "今天的天气真好，"


async def half_answered(room, engine, **fields):
    """A turn of which the first half is to be seen; the rest never comes."""
    engine.will(HALF, asyncio.Event())
    update = message("今天想聊聊天气", **fields)
    await room.arrive(update)
    await room.passes(5)
    return update


async def test_the_half_answer_stays_broken_off_and_the_danger_is_answered(room, engine):
    await half_answered(room, engine)
    now = room.clock.now
    await room.arrive(message(IMMINENT))
    [card] = [call for call in room.bot.calls if call.text == shown(IMMINENT_CARD)]
    assert card.at == now
    await room.passes(10)
    assert room.bot.texts(PERSON) == [f"{HALF}……", shown(IMMINENT_CARD), ANSWER]
    assert room.bot.shown[PERSON, min(m for _, m in room.bot.shown)][1] is None
    assert engine.prompts[-1][-1].content == IMMINENT
    assert [state for state, _ in await room.turns()] == ["stopped", "answered"]


async def test_where_nothing_was_said_the_card_is_the_first_thing_seen(room, engine):
    engine.will(asyncio.Event())
    await room.arrive(message("今天想聊聊天气"))
    await room.arrive(message(IMMINENT))
    await room.passes(10)
    assert room.bot.texts(PERSON) == [shown(IMMINENT_CARD), ANSWER]
    assert engine.prompts[-1][-1].content == f"今天想聊聊天气\n{IMMINENT}"


async def test_a_turn_that_waits_for_the_engine_is_stopped_too(room, engine):
    engine.is_ready = False
    engine.will(EngineUnavailable("x"))
    await room.arrive(message("今天想聊聊天气"))
    await room.passes(5)
    assert room.bot.texts(PERSON) == [TEXTS.wait_engine]
    await room.arrive(message(HIGH))
    await room.passes(5)
    assert room.bot.texts(PERSON)[:2] == ["……", shown(HIGH_CARD)]
    engine.is_ready = True
    await room.passes(30)
    assert room.bot.texts(PERSON)[-1] == ANSWER


async def test_a_turn_that_waits_in_the_line_is_stopped_too(room, engine):
    engine.will(3, asyncio.Event())
    await room.arrive(message("今天想聊聊天气"))
    await room.passes(20)
    await room.arrive(message(HIGH))
    await room.passes(10)
    assert room.bot.texts(PERSON)[1:] == [shown(HIGH_CARD), ANSWER]


async def test_no_notice_follows_the_card_that_overtook_the_answer(room, engine):
    newcomer = 4711
    engine.will("好的。", asyncio.Event())
    await room.arrive(message("今天想聊聊天气", person=newcomer))
    await room.passes(5)
    await room.arrive(message(IMMINENT, person=newcomer))
    await room.passes(10)
    after = room.bot.texts(newcomer)
    after = after[after.index(shown(card(RiskLevel.IMMINENT, CN))) + 1 :]  # of no known age
    assert not any(TEXTS.care_ask_age in text or TEXTS.start_trial in text for text in after)


async def test_the_answer_of_another_replica_is_stopped_by_notification(open_room, engine, storage):
    answering, reading = open_room(), open_room()
    await half_answered(answering, engine)
    await reading.arrive(message(IMMINENT))
    assert [state for state, _ in await answering.turns()] == ["answering"]
    [turn_id] = answering.running_turns.held
    answering.maintenance.handle(Notification("danger", turn_id))
    await answering.passes(10)
    await reading.sweep()
    await reading.passes(10)
    assert f"{HALF}……" in answering.bot.texts(PERSON)
    assert [state for state, _ in await answering.turns()] == ["stopped", "answered"]


async def test_a_notification_that_was_lost_is_made_up_for_by_the_heartbeat(open_room, engine):
    answering, reading = open_room(), open_room()
    await half_answered(answering, engine)
    await reading.arrive(message(IMMINENT))
    await answering.running_turns.renew_leases()
    await answering.passes(10)
    assert f"{HALF}……" in answering.bot.texts(PERSON)


async def test_a_process_that_dies_leaves_the_stop_to_the_next_one(open_room, engine, storage):
    room = open_room()
    await half_answered(room, engine)
    await room.store(message(IMMINENT))
    await room.aclose()
    await storage.cards.release_others()
    await storage.turns.release_others()
    after = open_room()
    await after.sweep()
    await after.passes(10)
    assert after.bot.texts(PERSON)[1:] == [shown(IMMINENT_CARD), ANSWER]
    assert [state for state, _ in await after.turns()] == ["stopped", "answered"]


async def test_it_is_stopped_with_the_database_away(room, engine, database_switch):
    await half_answered(room, engine)
    database_switch.is_away = True
    dangerous = message(HIGH)
    with pytest.raises(StorageError):
        await room.arrive(dangerous)
    await room.passes(5)
    age_unknown = card(RiskLevel.HIGH, CN)
    assert room.bot.texts(PERSON) == [f"{HALF}……", shown(age_unknown)]
    database_switch.is_away = False
    await room.arrive(dangerous)
    await room.passes(40)
    assert room.bot.texts(PERSON) == [f"{HALF}……", shown(age_unknown), ANSWER]


async def test_a_repeat_of_the_dangerous_update_does_not_stop_its_own_answer(room, engine):
    go_on = asyncio.Event()
    engine.will("我听见了，", go_on, "我在。")
    dangerous = message(HIGH)
    await room.arrive(dangerous)
    await room.passes(5)
    await room.arrive(dangerous)
    go_on.set()
    await room.passes(5)
    assert room.bot.texts(PERSON)[-1] == "我听见了，我在。"


async def test_an_edit_into_danger_is_answered_in_place_of_what_it_changes(room, engine):
    engine.will(asyncio.Event())
    first = message("今天想聊聊天气")
    await room.arrive(first)
    await room.arrive(edit(first, HIGH))
    await room.passes(10)
    assert room.bot.texts(PERSON) == [shown(HIGH_CARD), ANSWER]
    assert engine.prompts[-1][-1].content == HIGH


async def test_an_edit_into_danger_stops_an_answer_that_is_to_be_seen(room, engine):
    first = await half_answered(room, engine)
    await room.arrive(edit(first, HIGH))
    await room.passes(10)
    assert room.bot.texts(PERSON) == [f"{HALF}……", shown(HIGH_CARD)]


async def test_who_presses_stop_reads_that_it_was_stopped(room, engine):
    """Only words of danger end an answer without a word."""
    await half_answered(room, engine)
    [turn_id] = room.running_turns.held
    await room.arrive(press(f"stop:{turn_id}"))
    await room.passes(5)
    assert TEXTS.stopped_suffix in room.bot.texts(PERSON)[-1]


async def test_another_chats_answer_goes_on(room, engine):
    go_on = asyncio.Event()
    engine.will(HALF, go_on, "出门走走。")
    await room.arrive(message("今天想聊聊天气", person=OTHER))
    await room.passes(5)
    await room.arrive(message(IMMINENT))
    go_on.set()
    await room.passes(10)
    assert room.bot.texts(OTHER) == [f"{HALF}出门走走。"]


async def test_in_a_group_somebody_elses_danger_stops_the_answer_as_well(room, engine):
    await half_answered(room, engine, chat=GROUP)
    await room.arrive(message(IMMINENT, person=OTHER, chat=GROUP))
    await room.passes(30)
    assert room.bot.texts(GROUP) == [f"{HALF}……", word("in_group_again", CN)]
    assert room.bot.texts(OTHER) == [shown(IMMINENT_CARD)]
