"""What is asked in a topic of a forum is answered there, whoever says it."""

from __future__ import annotations

import asyncio

import pytest
from telegram.error import BadRequest

from tests.bot.telegram.scripted_engine import ANSWER
from tests.bot.telegram.updates import GROUP, OTHER, PERSON, message, press

TOPIC = 77
LONG = "".join(f"第{number}句很长的回答。" for number in range(1000))
DANGER = "我不想活了，今晚就去跳楼"


def in_topic(text, thread=TOPIC, chat=GROUP, **fields):
    update = message(text, chat=chat, **fields)
    update["message"] |= {"message_thread_id": thread, "is_topic_message": True}
    return update


def threads(room, *methods):
    calls = [call for call in room.bot.calls if call.chat_id == GROUP and call.method in methods]
    assert calls
    return {call.details["thread"] for call in calls}


async def test_an_answer_of_many_parts_and_its_typing_stay_in_the_topic(open_room):
    room = open_room(burst_window=2)
    room.engine.will(LONG)
    await room.arrive(in_topic("说个长的"))
    await room.passes(60)
    assert len(room.bot.texts(GROUP)) >= 3
    assert threads(room, "send", "typing") == {TOPIC}


@pytest.mark.parametrize("text", ["/help_now", "/help", "/stop", "/nonsense", DANGER])
async def test_commands_and_cards_stay_in_the_topic(room, text):
    await room.arrive(in_topic(text))
    await room.passes(5)
    assert threads(room, "send") == {TOPIC}


async def test_what_a_button_brings_stays_in_the_topic(room):
    await room.arrive(in_topic("/help_now"))
    await room.passes(5)
    room.bot.calls.clear()
    pressed = press(room.buttons(GROUP)[0], chat=GROUP, message_id=1)
    asked = {"message_thread_id": TOPIC, "is_topic_message": True}
    pressed["callback_query"]["message"] |= asked
    await room.arrive(pressed)
    await room.passes(5)
    assert {call.details.get("thread") for call in room.bot.calls if call.method == "send"} <= {
        TOPIC
    }


async def test_an_answer_taken_over_after_a_crash_stays_in_the_topic(open_room):
    first = open_room()
    await first.store(in_topic("说句话"))
    first.intake.close()
    second = open_room()
    await second.sweep()
    await second.passes(10)
    assert threads(second, "send") == {TOPIC}


async def test_a_thread_of_replies_in_a_plain_group_is_no_topic(room):
    update = message("嗯", chat=GROUP)
    update["message"]["message_thread_id"] = 5
    await room.arrive(update)
    await room.passes(5)
    assert threads(room, "send") == {None}


async def test_what_one_person_says_in_two_topics_is_answered_in_both(open_room):
    room = open_room(burst_window=1)
    await room.arrive(in_topic("一"), in_topic("二", 78))
    await room.passes(30)
    assert threads(room, "send") == {TOPIC, 78}


async def test_a_word_to_another_chat_is_in_no_topic(open_room):
    room = open_room(admin_chat=-900)
    await room.arrive(in_topic("嗯", person=OTHER))
    await room.arrive(message(DANGER))
    await room.passes(10)
    alerts = [call for call in room.bot.calls if call.chat_id == -900 and call.method == "send"]
    assert alerts
    assert {call.details["thread"] for call in alerts} == {None}


async def test_hotlines_for_a_topic_that_was_closed_go_to_general(room):
    room.bot.chat_faults[GROUP].append(BadRequest("TOPIC_CLOSED"))
    await room.arrive(in_topic("/help_now"))
    await room.passes(5)
    assert any("110" in text for text in room.bot.texts(GROUP))


async def test_who_deletes_their_message_while_the_model_thinks_is_answered(room):
    asked = in_topic("说句话")
    room.bot.deleted.add((GROUP, asked["message"]["message_id"]))
    await room.arrive(asked)
    await room.passes(5)
    assert room.bot.texts(GROUP) == [ANSWER]
    assert threads(room, "send") == {TOPIC}


async def test_a_private_topic_is_kept_by_the_process_that_takes_a_turn_over(open_room):
    first = open_room()
    first.engine.will(asyncio.Event())
    await first.arrive(in_topic("说个长的", chat=PERSON))
    await first.passes(2)
    await first.aclose()
    second = open_room()
    second.bot.calls.clear()
    second.engine.will(LONG)
    await second.sweep()
    await second.passes(60)
    sent = [call.details["thread"] for call in second.bot.calls if call.method == "send"]
    assert sent
    assert set(sent) == {TOPIC}
