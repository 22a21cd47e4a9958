"""How a turn ends: stored, shown, handed on, whatever goes away in the middle of it."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa
from telegram.error import BadRequest, Forbidden, RetryAfter

from bot.storage import LeaseOwner, Turns
from bot.storage.models import TurnRow
from bot.telegram.outbound.dispatcher import MUTED_FOR
from bot.telegram.turns.ending import STORE_RETRIES
from bot.telegram.turns.scheduler import MAX_TRIES, TRIED_FOR
from inference.engine import EngineProtocolError
from tests.bot.telegram.room import TEXTS, rest
from tests.bot.telegram.scripted_engine import ANSWER
from tests.bot.telegram.updates import GROUP, OTHER, PERSON, PHOTO, message, press

LEASE = 30


async def half_written(room, engine, *, text="房东涨价", **where):
    """A turn in mid-answer, its beginning visible; what it waits for."""
    more = asyncio.Event()
    engine.will("我在听，", more, "你说。")
    await room.arrive(message(text, **where))
    await room.passes(2)
    return more


async def taken_by_another(room):
    """Another process takes over what this one is answering."""
    lease_owner = LeaseOwner(id="another process", clock=room.now)
    another = Turns(room.storage.database, room.storage.cipher, lease_owner)
    assert await another.claim_unfinished(PERSON) is not None


async def test_an_answer_ends_in_one_message_and_in_the_database(room, engine):
    [update_id] = await room.arrive(message("房东涨价"))
    await room.passes(2)
    assert room.bot.texts(PERSON) == [ANSWER]
    assert await room.turns() == [("answered", None)]
    assert await room.update(update_id) == ("done", None)
    assert room.buttons() == ["redo:1", "rate:up:1", "rate:down:1"]


async def test_a_turn_whose_database_goes_away_in_mid_answer_is_not_held_for_ever(
    room, engine, database_switch
):
    more = await half_written(room, engine)
    assert room.running_turns.held == [1]
    database_switch.is_away = True
    more.set()
    await room.passes(STORE_RETRIES + 2)
    assert room.running_turns.held == []

    database_switch.is_away = False
    await room.passes(LEASE)  # nobody renews what nobody holds
    await room.sweep()
    await room.passes(2)
    assert await room.turns() == [("answered", None)]
    assert room.bot.texts(PERSON) == [ANSWER]


async def test_an_answer_that_was_shown_while_the_database_was_away_is_stored_with_its_message(
    room, engine, database_switch
):
    begins = asyncio.Event()
    engine.will(begins, ANSWER)
    await room.arrive(message("房东涨价"))
    await room.passes(0.5)
    database_switch.is_away = True
    begins.set()
    await room.passes(2)
    assert room.bot.texts(PERSON) == [ANSWER]

    database_switch.is_away = False
    await room.passes(2)
    turn = await room.storage.turns.get(1)
    assert turn is not None
    assert turn.state == "answered"
    assert [(PERSON, turn.answer_message_id)] == list(room.bot.shown)


async def test_a_turn_whose_past_cannot_be_read_is_answered_once_the_database_is_back(
    room, engine, database_switch, monkeypatch
):
    begin = room.storage.turns.begin

    async def begin_and_lose(*args, **kwargs):
        turn = await begin(*args, **kwargs)
        database_switch.is_away = True
        return turn

    monkeypatch.setattr(type(room.storage.turns), "begin", staticmethod(begin_and_lose))
    await room.arrive(message("房东涨价"))
    assert (room.running_turns.held, engine.prompts) == ([], [])
    database_switch.is_away = False
    await room.passes(LEASE + 1)
    await room.sweep()
    await room.passes(2)
    assert room.bot.texts(PERSON) == [ANSWER]


async def test_an_answer_waits_for_telegram_longer_than_the_outbox_and_is_made_once(room, engine):
    room.bot.faults["send"].append(RetryAfter(900))
    await room.arrive(message("房东涨价"))
    await room.passes(800)
    assert (room.bot.texts(PERSON), await room.turns()) == ([], [("pending", None)])
    await room.sweep()
    await room.passes(150)
    assert room.bot.texts(PERSON) == [ANSWER]
    assert len(engine.prompts) == 1
    assert await room.turns() == [("answered", None)]


async def test_words_erased_while_somebody_else_is_answered_are_not_remembered(room, engine):
    await room.arrive(message("我的秘密", person=PERSON, chat=GROUP))
    await room.passes(5)
    more = await half_written(room, engine, text="你好", person=OTHER, chat=GROUP)
    assert "我的秘密" in str(engine.prompts[-1])
    await room.storage.users.erase(PERSON)
    more.set()
    await room.passes(10)
    await room.arrive(message("还在吗", person=OTHER, chat=GROUP))
    await room.passes(10)
    last = str(engine.prompts[-1])
    assert "还在吗" in last
    assert "你好" in last
    assert "我的秘密" not in last


async def test_the_copy_of_recent_turns_is_used_when_nothing_was_erased(
    room, engine, database_switch, monkeypatch
):
    await room.arrive(message("第一句"))
    await room.passes(5)

    async def unreadable(*_):
        raise AssertionError("the copy has it")

    monkeypatch.setattr(type(room.storage.turns), "history", unreadable)
    await room.arrive(message("第二句"))
    await room.passes(5)
    assert [said.content for said in engine.prompts[-1][1:]] == ["第一句", ANSWER, "第二句"]


async def test_the_note_about_pictures_is_said_once_with_the_answer(open_room, engine):
    room = open_room(burst_window=1.2)
    await room.arrive(message(caption="看", photo=PHOTO), message(caption="这两张", photo=PHOTO))
    await room.passes(10)
    assert room.bot.texts(PERSON) == [TEXTS.caption_note, ANSWER]
    assert engine.prompts[0][-1].content == "看\n这两张"
    redo, *_ = room.buttons()
    await room.arrive(press(redo))
    await room.passes(10)
    assert len(engine.prompts) == 2
    assert room.bot.texts(PERSON) == [TEXTS.caption_note, ANSWER]
    await room.arrive(message("就这些"))
    await room.passes(10)
    assert room.bot.texts(PERSON) == [TEXTS.caption_note, ANSWER, ANSWER]


async def test_a_note_that_cannot_be_said_does_not_cost_the_answer(room, engine):
    room.bot.faults["send"].append(BadRequest("no"))
    await room.arrive(message(caption="看", photo=PHOTO))
    await room.passes(10)
    assert room.bot.texts(PERSON) == [ANSWER]


async def test_the_turn_is_held_while_the_note_waits_for_its_slot(room, engine):
    room.bot.faults["send"].append(RetryAfter(20))
    await room.arrive(message(caption="看", photo=PHOTO))
    assert room.running_turns.held == [1]


@pytest.mark.parametrize("pieces", [(" ", "\n \n"), ()], ids=["white space", "nothing"])
async def test_an_answer_without_words_is_an_error_with_a_button_to_try_again(room, engine, pieces):
    engine.will(*pieces)
    await room.arrive(message("房东涨价"))
    await room.passes(5)
    assert room.bot.texts(PERSON) == [TEXTS.error_retry]
    assert await room.turns() == [("failed", "EngineProtocolError")]
    [retry] = room.buttons()
    await room.arrive(press(retry))
    await room.passes(5)
    assert room.bot.texts(PERSON) == [ANSWER]
    assert await room.turns() == [("answered", None)]


async def test_an_answer_that_repeats_itself_is_ended(room, engine):
    engine.will("我在。", *["慢慢来。"] * 3000)
    await room.arrive(message("房东涨价"))
    await room.passes(60)
    [shown] = room.bot.texts(PERSON)
    assert shown.startswith("我在。慢慢来。")
    assert len(shown) < 600
    assert await room.turns() == [("answered", None)]


async def test_a_group_in_which_the_bot_may_not_write_costs_one_answer(room, engine):
    refused = BadRequest("Not enough rights to send text messages to the chat")
    room.bot.chat_faults[GROUP].extend([refused] * 50)
    for _ in range(3):
        await room.arrive(message("在吗", chat=GROUP))
        await room.passes(30)
    assert len(engine.prompts) == 1
    assert {state for state, _ in await room.turns()} == {"failed"}
    room.bot.chat_faults.clear()
    await room.passes(MUTED_FOR)
    await room.arrive(message("在吗", chat=GROUP))
    await room.passes(30)
    assert room.bot.texts(GROUP) == [ANSWER]


async def test_what_was_said_before_the_engine_failed_stays(room, engine):
    engine.will("我在听，", EngineProtocolError("nonsense"))
    await room.arrive(message("房东涨价"))
    await room.passes(5)
    assert room.bot.texts(PERSON) == [f"我在听，……\n\n{TEXTS.error_retry}"]
    assert room.buttons() == ["redo:1"]


async def test_a_turn_begun_too_often_ends_in_the_message_that_was_half_written(open_room, engine):
    first = open_room()
    await half_written(first, engine)
    await first.aclose()
    await first.storage.database.write(
        lambda connection: connection.execute(sa.update(TurnRow).values(attempts=MAX_TRIES))
    )
    first.clock.now += TRIED_FOR.total_seconds()
    room = open_room()
    await room.sweep()
    await room.passes(5)
    assert room.bot.texts(PERSON) == [TEXTS.error_retry]
    assert room.buttons() == ["redo:1"]
    assert await room.turns() == [("failed", "too_many_attempts")]
    assert len(engine.prompts) == 1

    [retry] = room.buttons()
    await room.arrive(press(retry))
    await room.passes(5)
    assert room.bot.texts(PERSON) == [ANSWER]
    assert await room.turns() == [("answered", None)]


async def test_many_crashes_in_a_short_time_cost_nobody_an_answer(open_room, engine):
    first = open_room()
    await half_written(first, engine)
    await first.aclose()
    await first.storage.database.write(
        lambda connection: connection.execute(sa.update(TurnRow).values(attempts=10 * MAX_TRIES))
    )
    room = open_room()
    await room.sweep()
    await room.passes(5)
    assert room.bot.texts(PERSON) == [ANSWER]
    assert await room.turns() == [("answered", None)]


async def test_what_could_not_be_handed_back_is_taken_up_as_soon_as_the_database_is_there(
    room, engine, database_switch
):
    more = await half_written(room, engine)
    database_switch.is_away = True
    more.set()
    await room.passes(STORE_RETRIES + 2)
    assert room.running_turns.held == []

    database_switch.is_away = False
    await room.sweep()  # no lease has to run out
    await room.passes(2)
    assert await room.turns() == [("answered", None)]
    assert room.bot.texts(PERSON) == [ANSWER]


async def test_a_stop_in_mid_answer_keeps_what_was_said(room, engine):
    await half_written(room, engine)
    [stop] = room.buttons()
    await room.arrive(press(stop))
    await room.passes(5)
    assert room.bot.texts(PERSON) == [f"我在听，\n\n{TEXTS.stopped_suffix}"]
    assert await room.turns() == [("stopped", None)]
    turn = await room.storage.turns.get(1)
    assert turn.answer == "我在听，"
    assert room.buttons() == ["redo:1"]


async def test_a_shutdown_hands_the_turn_to_the_next_process_and_its_message_with_it(
    open_room, engine
):
    first = open_room()
    await half_written(first, engine)
    before = dict(first.bot.shown)
    assert len(before) == 1
    await first.aclose()
    assert await first.storage.turns.list_unfinished_chats(10) == [PERSON]  # no lease to wait for

    second = open_room()
    await second.sweep()
    await second.passes(5)
    assert second.bot.shown.keys() == before.keys()
    assert second.bot.texts(PERSON) == [ANSWER]
    assert await second.turns() == [("answered", None)]


async def test_a_group_that_threw_the_bot_out_says_nothing_about_the_person(room, engine):
    room.bot.chat_faults[GROUP].append(Forbidden("bot was kicked"))
    await room.arrive(message("你好", chat=GROUP))
    await room.passes(5)
    assert await room.turns() == [("failed", "unreachable")]
    person = await room.storage.users.get(PERSON)
    assert person.unreachable_at is None
    await room.arrive(message("在吗"))
    await room.passes(5)
    assert room.bot.texts(PERSON) == [ANSWER]


async def test_who_blocked_the_bot_is_marked_and_answered_after_writing_again(room, engine):
    room.bot.chat_faults[PERSON].append(Forbidden("bot was blocked"))
    await room.arrive(message("你好"))
    await room.passes(5)
    assert (await room.storage.users.get(PERSON)).unreachable_at is not None
    # The message reached another process: here nothing but the turn tells that they are back.
    await room.arrive(message("我回来了"))
    await room.passes(5)
    assert room.bot.texts(PERSON) == [ANSWER]


async def test_a_turn_that_is_somebody_elses_says_nothing_more(room, engine):
    more = await half_written(room, engine)
    shown = dict(room.bot.shown)
    room.clock.now += LEASE
    await taken_by_another(room)
    await room.running_turns.renew_leases()
    more.set()
    await rest()
    await room.passes(5)
    assert room.bot.shown == shown
    assert room.running_turns.held == []


async def test_who_was_frozen_says_nothing_in_a_turn_that_another_took(open_room, engine):
    room = open_room(lease_safe_seconds=15)
    more = await half_written(room, engine)
    shown = dict(room.bot.shown)
    room.clock.now += LEASE
    await taken_by_another(room)
    more.set()
    await room.passes(5)
    assert room.bot.shown == shown
    assert room.running_turns.held == []


async def test_who_was_frozen_before_the_first_word_leaves_no_message_behind(open_room, engine):
    room = open_room(lease_safe_seconds=15)
    more = asyncio.Event()
    engine.will(more, ANSWER)
    await room.arrive(message("房东涨价"))
    room.clock.now += LEASE
    await taken_by_another(room)
    await room.passes(5)
    more.set()
    await room.passes(5)
    assert room.bot.texts(PERSON) == []
    assert room.running_turns.held == []


@pytest.mark.parametrize("is_away", [False, True], ids=["database there", "database away"])
async def test_who_was_frozen_goes_on_where_nobody_took_the_turn(
    open_room, engine, database_switch, is_away
):
    room = open_room(lease_safe_seconds=15)
    more = await half_written(room, engine)
    room.clock.now += LEASE
    database_switch.is_away = is_away
    more.set()
    await room.passes(5)
    assert room.bot.texts(PERSON) == ["我在听，你说。"]
    database_switch.is_away = False
    await room.passes(5)
    assert await room.turns() == [("answered", None)]
