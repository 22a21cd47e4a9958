"""Updates reach the bot by long polling and by webhook, once and in order."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.error import BadRequest, Conflict

from bot.sandbox import Sandbox
from bot.sandbox.server import _Server
from tests.bot.sandbox.parts import GROUP, TOKEN, XIAOLIN, YATING, client, polling_bot


async def test_the_updater_gets_every_kind_of_update(sandbox: Sandbox) -> None:
    seen: asyncio.Queue[Update] = asyncio.Queue()

    async def on_update(update: Update, bot: Bot) -> None:
        seen.put_nowait(update)
        if update.message and update.message.text == "你好":
            board = InlineKeyboardMarkup([[InlineKeyboardButton("好", callback_data="y")]])
            await update.message.reply_text("在", reply_markup=board)

    async with polling_bot(sandbox, on_update):
        [said] = sandbox.people.say(XIAOLIN, "你好")
        first = await seen.get()
        assert first.message is not None
        assert (first.message.text, first.effective_user.id) == ("你好", XIAOLIN)
        answer = await sandbox.calls.wait_for(lambda call: call.method == "sendMessage")
        sandbox.people.press(XIAOLIN, answer.message_id, "y")
        pressed = (await seen.get()).callback_query
        assert (pressed.data, pressed.message.text) == ("y", "在")
        sandbox.people.edit(XIAOLIN, said.message_id, "你好吗")
        assert (await seen.get()).edited_message.text == "你好吗"
        sandbox.people.say(YATING, "@shudong_bot 在吗", GROUP)
        mention = (await seen.get()).message
        assert mention.parse_entities(["mention"]) == {mention.entities[0]: "@shudong_bot"}
        sandbox.people.block(XIAOLIN)
        assert (await seen.get()).my_chat_member.new_chat_member.status == "kicked"


async def test_a_long_message_arrives_in_pieces(bot: Bot, sandbox: Sandbox) -> None:
    sandbox.people.say(XIAOLIN, "树" * 5000)
    texts = [update.message.text for update in await bot.get_updates(offset=0)]
    assert [len(text) for text in texts] == [6, 4096, 904]


async def test_a_reply_to_the_bot_carries_its_message(bot: Bot, sandbox: Sandbox) -> None:
    sent = await bot.send_message(XIAOLIN, "在")
    sandbox.people.say(XIAOLIN, "谢谢", reply_to=sent.message_id)
    last = (await bot.get_updates())[-1].message
    assert last.reply_to_message.text == "在"
    assert last.reply_to_message.from_user.id == bot.id


async def test_an_offset_confirms(bot: Bot, sandbox: Sandbox) -> None:
    for text in "一二三":
        sandbox.people.say(XIAOLIN, text)
    first = await bot.get_updates(limit=2)
    again = await bot.get_updates(limit=2)
    assert [update.update_id for update in again] == [update.update_id for update in first]
    rest = await bot.get_updates(offset=first[-1].update_id + 1)
    assert [update.message.text for update in rest] == ["二", "三"]
    assert [update.message.text for update in await bot.get_updates(offset=-1)] == ["三"]
    assert await bot.get_updates(offset=rest[-1].update_id + 1) == ()


async def test_a_waiting_poll_wakes_up(bot: Bot, sandbox: Sandbox) -> None:
    [start] = await bot.get_updates()
    poll = asyncio.create_task(bot.get_updates(offset=start.update_id + 1, timeout=30))
    await sandbox_waits(sandbox)
    sandbox.people.say(XIAOLIN, "还在吗")
    assert [update.message.text for update in await poll] == ["还在吗"]


async def test_only_one_poller(bot: Bot, sandbox: Sandbox) -> None:
    [start] = await bot.get_updates()
    poll = asyncio.create_task(bot.get_updates(offset=start.update_id + 1, timeout=30))
    await sandbox_waits(sandbox)
    async with client(sandbox) as second:
        assert await second.get_updates() == ()
    with pytest.raises(Conflict, match="terminated by other getUpdates request"):
        await poll


async def test_allowed_updates(bot: Bot, sandbox: Sandbox) -> None:
    [start] = await bot.get_updates(allowed_updates=["callback_query"])
    sandbox.people.say(XIAOLIN, "听不到")
    assert await bot.get_updates(offset=start.update_id + 1) == ()


async def sandbox_waits(sandbox: Sandbox) -> None:
    """Return once a poll waits for updates; nothing announces that, so look again and again."""
    while not sandbox.world.updates.is_polled:  # noqa: ASYNC110
        await asyncio.sleep(0)


class Webhook:
    """A bot's webhook on a real port that answers with the next of `statuses`, then with 200."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.seen: asyncio.Queue[tuple[int, str | None, str]] = asyncio.Queue()

    async def __aenter__(self) -> "Webhook":
        app = Starlette(routes=[Route("/hook", self._take, methods=["POST"])])
        listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}/hook"
        self._server = _Server(uvicorn.Config(app, lifespan="off", log_config=None, ws="none"))
        self._task = asyncio.create_task(self._server.serve(sockets=[listener]))
        await self._server.listening.wait()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.should_exit = True
        await self._task

    async def _take(self, request: Request) -> Response:
        status = self.statuses.pop(0) if self.statuses else 200
        update = await request.json()
        secret = request.headers.get("X-Telegram-Bot-Api-Secret-Token")
        self.seen.put_nowait((status, secret, update["message"]["text"]))
        return Response(status_code=status)


@pytest.fixture
def pauses() -> list[float]:
    """The pauses between deliveries, taken without waiting."""
    return []


@pytest_asyncio.fixture(loop_scope="session")
async def sandbox(pauses: list[float]) -> AsyncIterator[Sandbox]:
    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        await asyncio.sleep(0)

    box = Sandbox("127.0.0.1", 0, TOKEN, sleep=sleep)
    await box.start()
    yield box
    await box.stop()


async def test_a_webhook_gets_updates_in_order_with_its_secret(bot: Bot, sandbox: Sandbox) -> None:
    async with Webhook() as hook:
        await bot.set_webhook(hook.url, secret_token="s-1")
        for text in "一二三":
            sandbox.people.say(XIAOLIN, text)
        got = [await hook.seen.get() for _ in range(4)]
        assert got == [(200, "s-1", text) for text in ("/start", "一", "二", "三")]
        while (await bot.get_webhook_info()).pending_update_count:  # noqa: ASYNC110
            await asyncio.sleep(0)
        await bot.delete_webhook()


async def test_a_failing_webhook_is_tried_again_with_growing_pauses(
    bot: Bot, sandbox: Sandbox, pauses: list[float]
) -> None:
    async with Webhook(500, 503, 502) as hook:
        await bot.set_webhook(hook.url)
        got = [await hook.seen.get() for _ in range(4)]
        assert [status for status, _, _ in got] == [500, 503, 502, 200]
        assert {text for _, _, text in got} == {"/start"}
        info = await bot.get_webhook_info()
        assert info.last_error_message == "Wrong response from the webhook: 502 Bad Gateway"
        assert pauses == [1.0, 2.0, 4.0]
        await bot.delete_webhook()


async def test_a_webhook_that_nobody_answers_loses_nothing(
    bot: Bot, sandbox: Sandbox, pauses: list[float]
) -> None:
    await bot.set_webhook("http://127.0.0.1:9/hook")
    while not pauses:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    assert (await bot.get_webhook_info()).last_error_message == "Connection refused"
    await bot.delete_webhook()
    assert [update.message.text for update in await bot.get_updates()] == ["/start"]


async def test_polling_and_a_webhook_exclude_each_other(bot: Bot, sandbox: Sandbox) -> None:
    [start] = await bot.get_updates()
    poll = asyncio.create_task(bot.get_updates(offset=start.update_id + 1, timeout=30))
    await sandbox_waits(sandbox)
    await bot.set_webhook("http://127.0.0.1:9/hook", drop_pending_updates=True)
    with pytest.raises(Conflict, match="terminated by setWebhook request"):
        await poll
    with pytest.raises(Conflict, match="can't use getUpdates method while webhook is active"):
        await bot.get_updates()
    await bot.delete_webhook()
    assert await bot.get_updates() == ()


async def test_a_bad_webhook_is_refused(bot: Bot) -> None:
    with pytest.raises(BadRequest, match="unallowed characters"):
        await bot.set_webhook("http://127.0.0.1:9/hook", secret_token="ä")
    with pytest.raises(BadRequest, match=r"(?i)invalid webhook url"):
        await bot.set_webhook("nowhere")
