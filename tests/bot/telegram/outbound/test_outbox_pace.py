from __future__ import annotations

import asyncio
from itertools import pairwise

from telegram.error import RetryAfter

from bot.telegram.outbound.operation import Priority
from bot.telegram.outbound.outbox import Outbox
from tests.bot.telegram.outbound.saying import ANNA, BELA, GROUP, soon, text
from tests.clock import settle


async def test_first_operation_goes_out_at_once(outbox, bot, clock):
    message_id = await outbox.send(ANNA, text("你好"))
    assert bot.texts(ANNA) == ["你好"]
    assert message_id == 1
    assert clock.now == 1000.0


async def test_one_operation_a_second_in_a_private_chat(outbox, bot, clock):
    sends = [soon(outbox.send(ANNA, text(str(number)))) for number in range(4)]
    await clock.advance(10)
    await asyncio.gather(*sends)
    assert bot.log() == [(float(number), "send", str(number)) for number in range(4)]


async def test_the_gap_counts_from_the_end_of_a_slow_call(outbox, bot, clock):
    bot.gate = asyncio.Event()
    first = soon(outbox.send(ANNA, text("1")))
    second = soon(outbox.send(ANNA, text("2")))
    await clock.advance(0.7)
    bot.gate.set()
    await first
    await clock.advance(0.9)
    assert len(bot.calls) == 1
    await clock.advance(0.2)
    await second
    assert bot.log()[1] == (1.7, "send", "2")


async def test_chats_do_not_wait_for_each_other(outbox, bot, clock):
    sends = [soon(outbox.send(chat, text("hi"))) for chat in range(1, 21)]
    await settle()
    assert len(bot.calls) == 20
    await asyncio.gather(*sends)


async def test_thirty_a_second_for_the_whole_bot(outbox, bot, clock):
    sends = [soon(outbox.send(chat, text("hi"))) for chat in range(1, 101)]
    await clock.advance(5)
    await asyncio.gather(*sends)
    starts = [at for at, _, _ in bot.log()]
    assert len(starts) == 100
    assert max(sum(s <= other < s + 1 for other in starts) for s in starts) == 30
    assert starts[-1] == 3.0


async def test_a_slot_of_the_whole_bot_is_not_free_before_its_call_has_ended(bot, clock):
    outbox = Outbox(bot, clock=clock, sleep=clock.sleep, calls_per_second=1)
    bot.gate = asyncio.Event()
    sends = [soon(outbox.send(chat, text("hi"))) for chat in (ANNA, BELA)]
    await clock.advance(3)
    assert len(bot.calls) == 1
    bot.gate.set()
    await settle()
    assert len(bot.calls) == 1
    await clock.advance(1)
    assert len(bot.calls) == 2
    await asyncio.gather(*sends)
    await outbox.aclose(0)


async def test_crisis_and_final_text_pass_the_previews_of_other_chats(bot, clock):
    outbox = Outbox(bot, clock=clock, sleep=clock.sleep, calls_per_second=1)
    waiting = [soon(outbox.send(1, text("first")))]
    await settle()
    waiting += [soon(outbox.send(chat, text("send"))) for chat in range(2, 5)]
    waiting.append(soon(outbox.send(5, text("final"), priority=Priority.FINAL)))
    waiting.append(soon(outbox.send(6, text("crisis"), priority=Priority.CRISIS)))
    await clock.advance(10)
    await asyncio.gather(*waiting)
    assert [words for _, _, words in bot.log()] == ["first", "crisis", "final"] + ["send"] * 3


async def test_a_lane_in_line_moves_forward_when_final_text_joins_it(bot, clock):
    outbox = Outbox(bot, clock=clock, sleep=clock.sleep, calls_per_second=1)
    waiting = [soon(outbox.send(chat, text(str(chat)))) for chat in (1, 2, 3)]
    await settle()
    waiting.append(soon(outbox.send(3, text("final"), priority=Priority.FINAL)))
    await clock.advance(10)
    await asyncio.gather(*waiting)
    assert [words for _, _, words in bot.log()] == ["1", "final", "2", "3"]


async def test_a_crisis_card_waits_for_no_slot_of_its_chat_or_of_the_bot(bot, clock):
    outbox = Outbox(bot, clock=clock, sleep=clock.sleep, calls_per_second=2)
    await outbox.send(1, text("just now"))
    waiting = [soon(outbox.send(chat, text(str(chat)))) for chat in (1, 2, 3)]
    await settle()
    waiting.append(soon(outbox.send(1, text("crisis"), priority=Priority.CRISIS)))
    waiting.append(soon(outbox.send(3, text("crisis"), priority=Priority.CRISIS)))
    await settle()
    assert [at for at, _, words in bot.log() if words == "crisis"] == [0.0, 0.0]
    await clock.advance(10)
    await asyncio.gather(*waiting)
    assert len(bot.calls) == 6


async def test_a_flood_wait_of_the_chat_holds_a_crisis_card_only_when_it_is_its_own(
    outbox, bot, clock
):
    bot.faults["send"].extend([RetryAfter(7), None, RetryAfter(3)])
    waiting = [soon(outbox.send(ANNA, text("held")))]
    await settle()
    waiting.append(soon(outbox.send(ANNA, text("one"), priority=Priority.CRISIS)))
    await settle()
    waiting.append(soon(outbox.send(ANNA, text("two"), priority=Priority.CRISIS)))
    await clock.advance(10)
    await asyncio.gather(*waiting)
    assert bot.log() == [
        (0.0, "send", "held"),
        (0.0, "send", "one"),
        (0.0, "send", "two"),
        (3.0, "send", "two"),
        (7.0, "send", "held"),
    ]


async def test_priorities_within_one_chat(outbox, bot, clock):
    await outbox.send(ANNA, text("0"))
    waiting = [
        soon(outbox.edit(ANNA, 1, text("edit"))),
        soon(outbox.send(ANNA, text("send"))),
        soon(outbox.send(ANNA, text("final"), priority=Priority.FINAL)),
        soon(outbox.send(ANNA, text("crisis"), priority=Priority.CRISIS)),
    ]
    await clock.advance(10)
    await asyncio.gather(*waiting)
    assert [words for _, _, words in bot.log()] == ["0", "crisis", "final", "send", "edit"]


async def test_a_crisis_card_does_not_wait_for_a_call_that_hangs(outbox, bot, clock):
    bot.gate = asyncio.Event()
    hanging = soon(outbox.send(ANNA, text("hangs")))
    await settle()
    crisis = soon(outbox.send(ANNA, text("crisis"), priority=Priority.CRISIS))
    await clock.advance(2)
    assert bot.log() == [(0.0, "send", "hangs"), (0.0, "send", "crisis")]
    bot.gate.set()
    await asyncio.gather(hanging, crisis)
    after = soon(outbox.send(ANNA, text("after")))
    await clock.advance(1)
    assert await after == 3


async def test_a_group_gets_twenty_a_minute_and_the_end_never_waits_for_the_window(
    outbox, bot, clock
):
    message_id = await outbox.send(GROUP, text("0"))

    async def stream():
        for number in range(1, 100):
            await outbox.edit(GROUP, message_id, text(str(number)))

    streaming = soon(stream())
    await clock.advance(110)
    finals = [soon(outbox.send(GROUP, text("end"), priority=Priority.FINAL)) for _ in range(3)]
    await clock.advance(4)
    assert bot.texts(GROUP).count("end") == 3
    await clock.advance(200)
    streaming.cancel()
    starts = [at for at, _, _ in bot.log()]
    assert max(sum(s <= other < s + 60 for other in starts) for s in starts) <= 20
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    assert min(gaps) >= 1
    await asyncio.gather(*finals)


async def test_twenty_finals_fill_a_groups_minute(outbox, bot, clock):
    sends = [soon(outbox.send(GROUP, text("x"), priority=Priority.FINAL)) for _ in range(25)]
    await clock.advance(59)
    assert len(bot.calls) == 20
    await clock.advance(10)
    assert len(bot.calls) == 25
    await asyncio.gather(*sends)
