from __future__ import annotations

import asyncio
from itertools import pairwise
from random import Random

import pytest
from telegram.error import NetworkError, RetryAfter, TimedOut

from bot.telegram.outbound.failures import Closed
from bot.telegram.outbound.operation import Priority
from bot.telegram.outbound.outbox import Outbox
from tests.bot.telegram.outbound.saying import ANNA, BELA, GROUP, soon, text
from tests.clock import settle


async def test_idle_chats_are_forgotten_and_leave_no_task(outbox, bot, clock):
    await asyncio.gather(*(outbox.send(chat, text("hi")) for chat in range(1, 26)))
    await settle()
    assert clock.sleepers == 0
    assert len(asyncio.all_tasks()) == 1
    await clock.advance(1)
    await outbox.send(BELA + 1000, text("hi"))
    assert outbox.queues == 1


async def test_a_group_is_remembered_for_its_minute(outbox, bot, clock):
    await outbox.send(GROUP, text("hi"))
    await clock.advance(30)
    await outbox.send(ANNA, text("hi"))
    assert outbox.queues == 2
    await clock.advance(31)
    await outbox.send(BELA, text("hi"))
    assert outbox.queues == 1


async def test_closing_says_what_must_be_said_and_drops_previews(outbox, bot, clock):
    message_id = await outbox.send(ANNA, text("0"))
    preview = soon(outbox.edit_latest(ANNA, message_id, lambda: text("preview")))
    send = soon(outbox.send(ANNA, text("final"), priority=Priority.FINAL))
    await settle()
    closing = soon(outbox.aclose(5))
    await settle()
    late = soon(outbox.send(BELA, text("late"), priority=Priority.FINAL))
    await clock.advance(1)
    await closing
    assert await late
    assert await send
    with pytest.raises(Closed):
        await preview
    assert bot.texts(ANNA) == ["0", "final"]
    with pytest.raises(Closed):
        await outbox.send(BELA, text("too late"), priority=Priority.FINAL)


async def test_closing_takes_no_longer_than_allowed(outbox, bot, clock):
    bot.gate = asyncio.Event()
    hanging = soon(outbox.send(ANNA, text("a"), priority=Priority.FINAL))
    behind = soon(outbox.send(ANNA, text("b"), priority=Priority.FINAL))
    await settle()
    closing = soon(outbox.aclose(5))
    await clock.advance(4.9)
    assert not closing.done()
    await clock.advance(0.2)
    await closing
    for send in (hanging, behind):
        with pytest.raises(Closed):
            await send
    await settle()
    assert len(asyncio.all_tasks()) == 1


@pytest.mark.parametrize("seed", range(20))
async def test_in_any_mixture_the_limits_hold_and_every_final_text_arrives(bot, clock, seed):
    luck = Random(seed)
    outbox = Outbox(bot, clock=clock, sleep=clock.sleep, random=luck, calls_per_second=5)
    chats = [*range(1, 13), GROUP]
    ids = {chat: soon(outbox.send(chat, text("0"), priority=Priority.FINAL)) for chat in chats}
    await clock.advance(30)
    ids = {chat: await sent for chat, sent in ids.items()}
    finals = []
    for number in range(150):
        chat = luck.choice(chats)
        kind = luck.randrange(6)
        if kind == 0:
            priority = luck.choice((Priority.CRISIS, Priority.FINAL))
            words = f"{priority.name} {number}"
            finals.append((chat, words))
            soon(outbox.send(chat, text(words), priority=priority))
        elif kind == 1:
            outbox.show_typing(chat)
        else:
            preview = f"{number}"
            soon(outbox.edit_latest(chat, ids[chat], lambda preview=preview: text(preview)))
        if luck.random() < 0.15:
            method = luck.choice(("send", "edit", "typing"))
            bot.faults[method].append(luck.choice((TimedOut(), NetworkError("x"), RetryAfter(3))))
        await clock.advance(luck.choice((0, 0, 0.1, 0.3, 2)))
    bot.faults.clear()
    ends = [soon(outbox.edit(chat, ids[chat], text("end"), final=True)) for chat in chats]
    await clock.advance(300)
    await asyncio.gather(*ends)
    for chat, words in finals:
        assert words in bot.texts(chat)
    paced = [call for call in bot.calls if not call.text.startswith(Priority.CRISIS.name)]
    for chat in chats:
        assert bot.shown[chat, ids[chat]] == ("end", None)
        times = [call.at for call in paced if call.chat_id == chat]
        assert all(later - earlier >= 1 for earlier, later in pairwise(times))
    times = [call.at for call in paced]
    assert all(later - first >= 1 for first, later in zip(times, times[5:], strict=False))
    assert clock.sleepers == 0
    assert outbox.waiting == 0
    await outbox.aclose(0)
