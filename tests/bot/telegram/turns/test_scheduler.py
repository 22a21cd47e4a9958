"""Bursts, order, and chats that go on after one of their messages cannot be read."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.storage.inbox.lanes import payload_place
from bot.storage.models import TurnRow, UpdateRow
from bot.telegram.turns.assembler import MAX_BURST
from bot.telegram.turns.scheduler import MAX_FAILED_STARTS
from tests.bot.telegram.room import TEXTS
from tests.bot.telegram.scripted_engine import ANSWER
from tests.bot.telegram.updates import OTHER, PERSON, message

WINDOW = 1.2


async def spoil(room, row, column):
    """Put bytes that no key opens into every row of a table."""
    await room.storage.database.write(
        lambda connection: connection.execute(sa.update(row).values({column: b"spoilt"}))
    )


async def test_a_typing_action_that_hangs_does_not_delay_the_answer(open_room, engine, monkeypatch):
    room = open_room(burst_window=WINDOW)
    hangs = asyncio.Event()

    async def hanging(*_, **__):
        hangs.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(room.bot, "send_chat_action", hanging)
    await room.arrive(message("睡不着"))
    await room.passes(WINDOW - 0.1)
    assert hangs.is_set()
    assert engine.prompts == []
    await room.passes(0.2)
    assert len(engine.prompts) == 1


async def test_a_burst_becomes_one_turn_and_one_answer(open_room, engine):
    room = open_room(burst_window=WINDOW)
    for text in ("睡不着", "明天", "还要考试"):
        await room.arrive(message(text))
        await room.passes(1)
    await room.passes(5)
    assert room.bot.texts(PERSON) == [ANSWER]
    assert [prompt[-1].content for prompt in engine.prompts] == ["睡不着\n明天\n还要考试"]


async def test_a_clock_that_is_set_back_keeps_nobody_waiting(open_room, moment):
    room = open_room(burst_window=WINDOW)
    await room.arrive(message("睡不着"))
    moment.wrong_by = timedelta(minutes=-10)
    await room.passes(5)
    assert room.bot.texts(PERSON) == [ANSWER]


async def test_who_never_pauses_is_answered_all_the_same(open_room, engine):
    room = open_room(burst_window=WINDOW)
    for number in range(MAX_BURST + 2):
        await room.arrive(message(f"第{number}句"))
        await room.passes(1)
    assert engine.prompts
    assert engine.prompts[0][-1].content.startswith("第0句\n第1句")


async def test_what_arrives_while_an_answer_is_made_is_answered_next(room, engine):
    more = asyncio.Event()
    engine.will("我在听，", more, "你说。")
    await room.arrive(message("睡不着"))
    await room.arrive(message("还在吗"))
    assert len(engine.prompts) == 1
    more.set()
    await room.passes(5)
    assert room.bot.texts(PERSON) == ["我在听，你说。", ANSWER]


async def test_one_persons_answer_does_not_wait_for_anothers(room, engine):
    engine.will("我在听，", asyncio.Event())
    await room.arrive(message("睡不着"))
    await room.arrive(message("你好", person=OTHER))
    await room.passes(2)
    assert room.bot.texts(OTHER) == [ANSWER]


async def test_a_message_that_no_key_opens_does_not_stop_the_next_one(room):
    [spoilt] = await room.store(message("丢了"))
    await spoil(room, UpdateRow, "payload")
    await room.arrive(message("你好"))
    await room.passes(5)
    assert room.bot.texts(PERSON) == [ANSWER]
    assert await room.update(spoilt) == ("failed", "unreadable")


async def test_a_turn_that_no_key_opens_does_not_stop_the_next_one(open_room, engine):
    first = open_room()
    engine.will("我在听，", asyncio.Event())
    await first.arrive(message("丢了"))
    await first.aclose()
    await spoil(first, TurnRow, "user_text")
    room = open_room()
    await room.arrive(message("你好"))
    await room.sweep()
    await room.passes(5)
    assert await room.turns() == [("failed", "unreadable"), ("answered", None)]
    assert room.bot.texts(PERSON)[-1] == ANSWER


async def test_a_past_that_no_key_opens_is_left_out_and_the_rest_remembered(room, engine):
    await room.arrive(message("第一句"))
    await room.passes(5)
    await spoil(room, TurnRow, "user_text")
    await room.arrive(message("第二句"))
    await room.passes(5)
    await room.storage.history_cache.forget(PERSON)
    await room.arrive(message("第三句"))
    await room.passes(5)
    assert [said.content for said in engine.prompts[-1][1:]] == ["第二句", ANSWER, "第三句"]


async def test_an_update_without_readable_words_does_not_stop_the_next_one(room):
    broken = message("你好")
    [update_id] = await room.store(broken)
    sealed = room.storage.cipher.encrypt(b"not json", payload_place(PERSON, update_id))
    await room.storage.database.write(
        lambda connection: connection.execute(sa.update(UpdateRow).values(payload=sealed))
    )
    await room.arrive(message("在吗"))
    await room.passes(5)
    assert room.bot.texts(PERSON) == [ANSWER]
    assert await room.update(update_id) == ("failed", "unreadable")


@pytest.mark.parametrize(
    ("code", "said"), [("en", "English"), ("zh-hans", "Chinese"), (None, "Chinese")]
)
async def test_an_error_is_said_in_the_persons_language(room, engine, code, said):
    engine.will()
    spoken = message("hi")
    spoken["message"]["from"]["language_code"] = code
    await room.arrive(spoken)
    await room.passes(5)
    [shown] = room.bot.texts(PERSON)
    assert (shown == TEXTS.error_retry) == (said == "Chinese")


async def test_what_cannot_become_a_turn_is_kept_as_failed_and_blocks_nothing(room, monkeypatch):
    begin = type(room.storage.turns).begin

    async def broken(turns, *, text, **rest):
        if "坏" in text:
            raise ValueError
        return await begin(turns, text=text, **rest)

    monkeypatch.setattr(type(room.storage.turns), "begin", broken)
    [update_id] = await room.arrive(message("坏"))
    for _ in range(MAX_FAILED_STARTS):
        await room.sweep()
        await room.passes(5)
    assert await room.update(update_id) == ("failed", "not_begun")
    assert room.bot.texts(PERSON) == [TEXTS.error_once_more]
    await room.arrive(message("睡不着"))
    await room.passes(5)
    assert room.bot.texts(PERSON) == [TEXTS.error_once_more, ANSWER]
