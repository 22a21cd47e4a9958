from __future__ import annotations

import asyncio

import pytest
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TimedOut

from bot.telegram.outbound.failures import Undeliverable, Unreachable
from bot.telegram.outbound.outbox import Outbox
from bot.telegram.outbound.rendering import Rendered
from bot.telegram.outbound.streaming import StreamedReply
from tests.bot.telegram.outbound.saying import ANNA, soon
from tests.bot.telegram.outbound.streamed import REDO, STOP, finish
from tests.clock import settle


async def test_finish_before_anything_was_sent_is_one_message(reply, bot, clock, ids):
    reply.start()
    await clock.advance(0.2)
    assert await finish(reply, clock, "很快") == (1,)
    assert [call.method for call in bot.calls] == ["send"]
    assert bot.shown[ANNA, 1] == ("很快", REDO)
    assert ids.stored == [1]


async def test_finish_while_the_first_message_is_on_its_way(reply, bot, clock, ids):
    bot.gate = asyncio.Event()
    reply.start()
    reply.update("一")
    await settle()
    end = soon(reply.finish("一二", REDO))
    await clock.advance(1)
    bot.gate.set()
    await clock.advance(2)
    assert await end == (1,)
    assert ids.stored == [1]
    assert bot.texts(ANNA) == ["一二"]


async def test_finish_while_a_preview_is_on_its_way(reply, bot, clock):
    reply.start()
    reply.update("一")
    await clock.advance(1)
    bot.gate = asyncio.Event()
    reply.update("一二")
    await settle()
    end = soon(reply.finish("一", STOP))  # what is shown, but the preview will change it
    await clock.advance(1)
    bot.gate.set()
    await clock.advance(2)
    await end
    assert bot.texts(ANNA) == ["一"]
    assert [call.text for call in bot.calls] == ["一", "一二", "一"]


async def test_finish_with_what_is_shown_already_sends_nothing(reply, bot, clock):
    reply.start()
    reply.update("一")
    await clock.advance(3)
    assert await finish(reply, clock, "一", STOP) == (1,)
    assert [call.method for call in bot.calls if call.method != "typing"] == ["send"]


async def test_no_preview_after_the_end(reply, bot, clock):
    reply.start()
    reply.update("一")
    await clock.advance(1)
    end = soon(reply.finish("完", REDO))
    reply.update("一二三")
    await clock.advance(10)
    await end
    assert bot.calls[-1].text == "完"
    assert clock.sleepers == 0


async def test_a_long_answer_becomes_several_messages_with_buttons_under_the_last(
    reply, bot, clock
):
    reply.start()
    reply.update("开头")
    await clock.advance(0.5)
    paragraph = "很长的一段话。" * 200 + "\n\n"
    sent = await finish(reply, clock, paragraph * 7)
    assert sent == (1, 2, 3, 4)
    assert "".join(bot.texts(ANNA)).replace("\n", "") == (paragraph * 7).replace("\n", "")
    assert [bot.shown[ANNA, number][1] for number in sent] == [None, None, None, REDO]


async def test_a_preview_longer_than_a_message_shows_its_end(reply, bot, clock):
    reply.start()
    reply.update("甲" * 4096 + "。" + "乙" * 10)
    await settle()
    assert bot.texts(ANNA)[0].endswith("乙" * 10)
    await finish(reply, clock, "甲" * 4096 + "乙" * 10)
    assert bot.texts(ANNA) == ["甲" * 4096, "乙" * 10]


async def test_429_on_the_placeholder_and_the_text_comes_instead(reply, bot, clock, ids):
    bot.faults["send"].append(RetryAfter(5))
    reply.start()
    await clock.advance(1)
    reply.update("一")
    await clock.advance(5)
    assert bot.texts(ANNA) == ["一"]
    assert ids.stored == [1]


async def test_429_on_the_placeholder_and_the_end_comes_instead(reply, bot, clock):
    bot.faults["send"].append(RetryAfter(5))
    reply.start()
    await clock.advance(1)
    end = soon(reply.finish("完", REDO))
    await clock.advance(4.7)
    assert bot.texts(ANNA) == []
    await clock.advance(0.2)
    assert await end == (1,)
    assert bot.texts(ANNA) == ["完"]


async def test_a_message_deleted_by_the_person_comes_back_at_the_end(reply, bot, clock, ids):
    reply.start()
    reply.update("一")
    await clock.advance(1)
    bot.shown.clear()
    for length in range(2, 20):
        reply.update("一" * length)
        await clock.advance(1)
    edits = [method for _, method, _ in bot.log()].count("edit")
    assert edits == 1
    assert "typing" in [method for _, method, _ in bot.log()]
    assert await finish(reply, clock, "完") == (2,)
    assert bot.texts(ANNA) == ["完"]
    assert ids.stored == [1, 2]


async def test_a_person_who_blocked_the_bot_stops_the_work(reply, bot, clock):
    bot.faults["send"].append(Forbidden("Forbidden: bot was blocked by the user"))
    reply.start()
    reply.update("一")
    await settle()
    with pytest.raises(Unreachable):
        reply.update("一二")
    with pytest.raises(Unreachable):
        await reply.finish("完")


async def test_previews_survive_an_outage_and_the_end_gets_through(reply, bot, clock):
    reply.start()
    reply.update("一")
    await clock.advance(1)
    bot.faults["edit"].extend(NetworkError("x") for _ in range(7))
    for length in range(2, 30):
        reply.update("一" * length)
        await clock.advance(1)
    assert not bot.faults["edit"]
    assert len(bot.texts(ANNA)[0]) > 15
    await finish(reply, clock, "完")
    assert bot.texts(ANNA) == ["完"]


async def test_an_end_that_is_what_a_failed_preview_said_is_still_delivered(reply, bot, clock):
    reply.start()
    reply.update("一")
    await clock.advance(1)
    bot.faults["edit"].extend([TimedOut()] * 3)
    reply.update("一二")
    await clock.advance(6)
    await finish(reply, clock, "一二", STOP)
    assert bot.texts(ANNA) == ["一二"]


async def test_a_first_message_that_is_refused_does_not_cost_the_answer(reply, bot, clock):
    bot.faults["send"].append(BadRequest("Something new"))
    reply.start()
    reply.update("一")
    await clock.advance(2)
    assert await finish(reply, clock, "完") == (1,)
    assert bot.texts(ANNA) == ["完"]


async def test_a_refused_end_is_the_callers_to_handle(reply, bot, clock):
    bot.faults["send"].append(BadRequest("Chat not found"))
    with pytest.raises(Undeliverable):
        await reply.finish("完")


async def test_the_error_sentence_takes_the_place_of_what_was_shown(reply, bot, clock):
    reply.start()
    reply.update("一")
    await clock.advance(1)
    end = soon(reply.fail("抱歉，我刚才走神了 *_*", REDO))
    await clock.advance(2)
    assert await end == (1,)
    assert bot.shown[ANNA, 1] == ("抱歉，我刚才走神了 *_*", REDO)


async def test_cancel_leaves_the_message_and_its_id_for_someone_else(reply, bot, clock, ids):
    bot.gate = asyncio.Event()
    reply.start()
    reply.update("一")
    await settle()
    cancel = soon(reply.cancel())
    await settle()
    bot.gate.set()
    await clock.advance(10)
    await cancel
    assert ids.stored == [1]
    assert bot.texts(ANNA) == ["一"]
    assert clock.sleepers == 0


async def test_cancel_does_not_wait_for_a_first_message_that_telegram_keeps_refusing(
    reply, bot, clock, ids
):
    bot.faults["send"].append(RetryAfter(50))
    reply.start()
    reply.update("一")
    await clock.advance(1)
    await reply.cancel()
    await clock.advance(60)
    assert bot.texts(ANNA) == []
    assert ids.stored == []


async def test_a_first_message_on_its_way_at_the_end_is_not_tried_again(reply, bot, clock, ids):
    bot.gate = asyncio.Event()
    bot.faults["send"].append(TimedOut())
    reply.start()
    reply.update("一")
    await settle()
    cancel = soon(reply.cancel())
    await settle()
    bot.gate.set()
    await settle()
    assert cancel.done()
    await clock.advance(60)
    assert len(bot.calls) == 1


async def test_an_end_does_not_wait_in_line_behind_its_own_placeholder(bot, clock, ids):
    outbox = Outbox(bot, clock=clock, sleep=clock.sleep, calls_per_second=1)
    others = [soon(outbox.send(chat, Rendered("x"))) for chat in range(1, 6)]
    await settle()
    reply = StreamedReply(outbox, ANNA, on_message_id=ids, clock=clock, sleep=clock.sleep)
    reply.start()
    reply.update("一")
    await settle()
    end = soon(reply.finish("完"))
    await clock.advance(1)
    assert await end == (2,)
    await clock.advance(10)
    await asyncio.gather(*others)
    assert len(bot.calls) == 6
    await outbox.aclose(0)


async def test_an_id_is_not_lost_when_the_answer_to_the_first_message_is_late(
    reply, bot, clock, ids
):
    bot.lost_answer = TimedOut()
    reply.start()
    reply.update("一")
    await settle()
    await finish(reply, clock, "完")
    # The window that the outbox names: the first copy stays, and it was counted.
    assert bot.texts(ANNA) == ["一", "完"]
    assert ids.stored == [2]


async def test_cancel_while_the_id_is_being_stored_still_stores_it(outbox, bot, clock):
    stored = []
    slow = asyncio.Event()

    async def store(message_id):
        await slow.wait()
        stored.append(message_id)

    reply = StreamedReply(outbox, ANNA, on_message_id=store, clock=clock, sleep=clock.sleep)
    reply.start()
    reply.update("一")
    await settle()
    cancel = soon(reply.cancel())
    await settle()
    slow.set()
    await cancel
    assert stored == [1]
