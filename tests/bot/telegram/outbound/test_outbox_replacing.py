from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.telegram.outbound.operation import Priority
from bot.telegram.outbound.outbox import Outbox
from tests.bot.telegram.outbound.saying import ANNA, soon, text
from tests.clock import settle

if TYPE_CHECKING:
    from bot.telegram.outbound.rendering import Rendered


async def test_a_newer_edit_replaces_the_waiting_one(outbox, bot, clock):
    message_id = await outbox.send(ANNA, text("0"))
    edits = [soon(outbox.edit(ANNA, message_id, text(str(number)))) for number in range(1, 6)]
    await clock.advance(5)
    assert await asyncio.gather(*edits) == [message_id] * 5
    assert [words for _, _, words in bot.log()] == ["0", "5"]


async def test_edits_of_different_messages_do_not_replace_each_other(outbox, bot, clock):
    first = await outbox.send(ANNA, text("a"))
    second = soon(outbox.send(ANNA, text("b")))
    await clock.advance(1)
    edits = [
        soon(outbox.edit(ANNA, first, text("A"))),
        soon(outbox.edit(ANNA, await second, text("B"))),
    ]
    await clock.advance(5)
    await asyncio.gather(*edits)
    assert bot.texts(ANNA) == ["A", "B"]


async def test_no_preview_comes_after_the_final_text(outbox, bot, clock):
    message_id = await outbox.send(ANNA, text("0"))
    bot.gate = asyncio.Event()
    await clock.advance(1)
    final = soon(outbox.edit(ANNA, message_id, text("final"), final=True))
    await settle()
    await outbox.edit_latest(ANNA, message_id, lambda: text("preview"))  # the final is on its way
    bot.gate.set()
    await clock.advance(5)
    await final
    assert [words for _, _, words in bot.log()] == ["0", "final"]


async def test_the_final_text_takes_the_place_of_a_waiting_preview(outbox, bot, clock):
    message_id = await outbox.send(ANNA, text("0"))
    preview = soon(outbox.edit_latest(ANNA, message_id, lambda: text("preview")))
    await settle()
    final = soon(outbox.edit(ANNA, message_id, text("final"), final=True))
    await clock.advance(5)
    await asyncio.gather(preview, final)
    assert [words for _, _, words in bot.log()] == ["0", "final"]


async def test_latest_content_is_asked_for_when_the_slot_has_come(outbox, bot, clock):
    newest = "early"
    message_id = await outbox.send(ANNA, text("0"))
    edit = soon(outbox.edit_latest(ANNA, message_id, lambda: text(newest)))
    await clock.advance(0.5)
    newest = "late"
    await clock.advance(0.5)
    await edit
    assert bot.texts(ANNA) == ["late"]


async def test_nothing_to_show_takes_no_slot(bot, clock):
    outbox = Outbox(bot, clock=clock, sleep=clock.sleep, calls_per_second=1)
    assert await outbox.send_latest(ANNA, lambda: None) is None
    await outbox.send(ANNA, text("now"))
    assert clock.now == 1000.0
    await outbox.aclose(0)


async def test_a_turn_in_line_that_nobody_wants_any_more_goes_to_the_next(bot, clock):
    outbox = Outbox(bot, clock=clock, sleep=clock.sleep, calls_per_second=1)
    sends = [soon(outbox.send(chat, text(str(chat)))) for chat in (1, 2, 3)]
    await settle()
    sends[1].cancel()
    await clock.advance(1)
    assert [words for _, _, words in bot.log()] == ["1", "3"]
    await asyncio.gather(sends[0], sends[2])
    await outbox.aclose(0)


async def test_a_fault_in_the_content_reaches_the_caller_and_the_lane_goes_on(outbox, bot):
    def broken() -> Rendered:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await outbox.send_latest(ANNA, broken)
    await outbox.send(ANNA, text("on"))
    assert bot.texts(ANNA) == ["on"]


async def test_who_stops_waiting_takes_a_send_back(outbox, bot, clock):
    await outbox.send(ANNA, text("0"))
    send = soon(outbox.send(ANNA, text("1")))
    await settle()
    send.cancel()
    await clock.advance(5)
    assert bot.texts(ANNA) == ["0"]
    assert outbox.waiting == 0


async def test_final_text_goes_out_though_nobody_waits_for_it_any_more(outbox, bot, clock):
    await outbox.send(ANNA, text("0"))
    send = soon(outbox.send(ANNA, text("1"), priority=Priority.FINAL))
    await settle()
    send.cancel()
    await clock.advance(5)
    assert bot.texts(ANNA) == ["0", "1"]
