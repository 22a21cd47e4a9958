"""The outbox with the real `telegram.Bot`, over a socket, against the local Telegram."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.request import HTTPXRequest

from bot.sandbox import Fault, FloodLimits, Sandbox
from bot.telegram.outbound.failures import Unreachable
from bot.telegram.outbound.operation import Priority
from bot.telegram.outbound.outbox import Outbox
from bot.telegram.outbound.rendering import Rendered, render
from bot.telegram.outbound.streaming import StreamedReply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TOKEN = "42:letters"
STOP = InlineKeyboardMarkup([[InlineKeyboardButton("停", callback_data="stop:1")]])
STRICT = FloodLimits(private_burst=1, overall_burst=30)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    sandbox = Sandbox("127.0.0.1", 0, TOKEN, flood=STRICT)
    await sandbox.start()
    yield sandbox
    await sandbox.stop()


@pytest.fixture
async def outbox(sandbox: Sandbox) -> AsyncIterator[Outbox]:
    request = HTTPXRequest(connection_pool_size=64, pool_timeout=5.0, read_timeout=2.0)
    bot = Bot(TOKEN, base_url=sandbox.base_url, request=request)
    await bot.initialize()
    outbox = Outbox(bot, clock=time.monotonic, calls_per_second=30)
    yield outbox
    await outbox.aclose(2)
    await bot.shutdown()


def people(sandbox: Sandbox, count: int) -> list[int]:
    ids = [sandbox.people.add(f"人{number}", "zh-hans").id for number in range(count)]
    for person in ids:
        sandbox.people.say(person, "/start")
    return ids


def shown(sandbox: Sandbox, chat_id: int) -> list[str]:
    return [m.text for m in sandbox.world.history[chat_id].values() if m.sender_id == 42]


async def stream(outbox: Outbox, chat_id: int, tokens: int, ids: list[int]) -> tuple[int, ...]:
    async def store(message_id: int) -> None:
        ids.append(message_id)

    reply = StreamedReply(outbox, chat_id, on_message_id=store, keyboard=STOP, clock=time.monotonic)
    reply.start()
    answer = ""
    for number in range(tokens):
        answer += f"**第{number}句：**我在听。"
        reply.update(answer)
        await asyncio.sleep(0.05)
    return await reply.finish(answer)


async def test_fifty_streaming_chats_never_break_a_limit(sandbox, outbox):
    chats = people(sandbox, 50)
    ids: list[int] = []
    sent = await asyncio.gather(*(stream(outbox, chat, 60, ids) for chat in chats))
    assert sorted(ids) == sorted(message for (message,) in sent)
    calls = sandbox.calls.all()
    counted = [call for call in calls if call.method.lower() != "getme"]
    assert [call.outcome for call in counted if call.outcome != "ok"] == []
    by_chat = defaultdict(list)
    for call in counted:
        by_chat[call.chat_id].append(call.monotonic)
    assert len(by_chat) == 50
    for times in by_chat.values():
        assert all(later - earlier >= 1.0 for earlier, later in pairwise(times))
    moments = sorted(call.monotonic for call in counted)
    assert all(later - first >= 1.0 for first, later in zip(moments, moments[30:], strict=False))


async def test_what_is_shown_in_the_end_is_the_answer(sandbox, outbox):
    (chat,) = people(sandbox, 1)
    (message,) = await stream(outbox, chat, 30, [])
    answer = "".join(f"**第{number}句：**我在听。" for number in range(30))
    (rendered,) = render(answer)
    kept = sandbox.world.message(chat, message)
    assert kept.text == rendered.text
    assert len(kept.entities) == 30


async def test_every_kind_of_call_is_taken(sandbox, outbox):
    (chat,) = people(sandbox, 1)
    outbox.show_typing(chat)
    message = await outbox.send(chat, Rendered("选吧"), STOP)
    assert await outbox.edit(chat, message, Rendered("选吧"), STOP) == message
    await outbox.edit_keyboard(chat, message, None)
    message_with_button = await outbox.send(chat, Rendered("再选"), STOP)
    await outbox.send_document(chat, b"{}", "export.json", Rendered("给你"))
    query = sandbox.people.press(chat, message_with_button, "stop:1")
    assert await outbox.answer_callback(query, "好的")
    assert not await outbox.answer_callback(query, "好的")
    calls = [call.method.lower() for call in sandbox.calls.all() if call.method.lower() != "getme"]
    assert calls == [
        "sendchataction",
        "sendmessage",
        "editmessagetext",
        "editmessagereplymarkup",
        "sendmessage",
        "senddocument",
        "answercallbackquery",
        "answercallbackquery",
    ]


@pytest.mark.parametrize(
    ("fault", "copies"),
    [
        (Fault("error", "sendMessage", status=502), 1),
        (Fault("error", "sendMessage", status=429, retry_after=1), 1),
        (Fault("reset_before", "sendMessage"), 1),
        (Fault("reset_after", "sendMessage"), 2),
        (Fault("malformed", "sendMessage"), 2),
        (Fault("hang_after", "sendMessage", seconds=30), 2),
    ],
)
async def test_a_crisis_card_gets_through_every_kind_of_trouble(sandbox, outbox, fault, copies):
    (chat,) = people(sandbox, 1)
    sandbox.faults.add(fault)
    await outbox.send(chat, Rendered("请先拨打 12356"), priority=Priority.CRISIS)
    assert shown(sandbox, chat) == ["请先拨打 12356"] * copies


async def test_a_blocked_bot_is_told_at_once(sandbox, outbox):
    (chat,) = people(sandbox, 1)
    sandbox.people.block(chat)
    with pytest.raises(Unreachable):
        await outbox.send(chat, Rendered("在吗"))
    before = len(sandbox.calls.all())
    with pytest.raises(Unreachable):
        await outbox.send(chat, Rendered("在吗"))
    assert len(sandbox.calls.all()) == before
