from __future__ import annotations

import asyncio

import pytest
from telegram.error import Forbidden

from bot.telegram.outbound.failures import Unreachable
from bot.telegram.outbound.operation import Priority
from tests.bot.telegram.outbound.saying import ANNA, BELA, soon, text
from tests.clock import settle


async def test_typing_is_shown_when_nothing_else_is_to_be_said(outbox, bot):
    outbox.show_typing(ANNA)
    await settle()
    assert bot.log() == [(0.0, "typing", "")]


async def test_a_typing_action_that_hangs_holds_up_neither_message_nor_card(outbox, bot, clock):
    bot.gate = asyncio.Event()
    outbox.show_typing(ANNA)
    await clock.advance(0.2)
    card = soon(outbox.send(ANNA, text("card"), priority=Priority.CRISIS))
    await settle()
    outbox.show_typing(BELA)
    message = soon(outbox.send(BELA, text("hello")))
    await clock.advance(2)
    assert bot.log(ANNA) == [(0.0, "typing", ""), (0.2, "send", "card")]
    assert bot.log(BELA) == [(0.2, "typing", ""), (1.2, "send", "hello")]
    bot.gate.set()
    await asyncio.gather(card, message)


async def test_a_typing_action_that_hangs_is_let_go(outbox, bot, clock):
    bot.gate = asyncio.Event()
    for chat in range(1, 100):
        outbox.show_typing(chat)
    await clock.advance(5)
    begun = len(bot.calls)
    assert 0 < begun < 30
    for chat in range(101, 200):
        outbox.show_typing(chat)
    await settle()
    assert len(bot.calls) == 2 * begun


async def test_a_blocked_bot_is_noticed_by_a_typing_action_too(outbox, bot):
    bot.faults["typing"].append(Forbidden("Forbidden: bot was blocked by the user"))
    outbox.show_typing(ANNA)
    await settle()
    with pytest.raises(Unreachable):
        outbox.show_typing(ANNA)


async def test_typing_is_dropped_when_the_slot_is_not_free(outbox, bot, clock):
    await outbox.send(ANNA, text("0"))
    outbox.show_typing(ANNA)
    await clock.advance(5)
    assert [method for _, method, _ in bot.log()] == ["send"]


async def test_typing_is_dropped_when_something_waits_or_runs(outbox, bot, clock):
    bot.gate = asyncio.Event()
    send = soon(outbox.send(ANNA, text("0")))
    await clock.advance(2)
    outbox.show_typing(ANNA)
    bot.gate.set()
    await send
    assert [method for _, method, _ in bot.log()] == ["send"]


async def test_typing_leaves_half_of_the_bots_pace_to_words(outbox, bot, clock):
    sends = [soon(outbox.send(chat, text("hi"))) for chat in range(1, 17)]
    await settle()
    outbox.show_typing(BELA + 100)
    await asyncio.gather(*sends)
    assert {method for _, method, _ in bot.log()} == {"send"}
