"""Calls at start are tried again, and nothing said goes through a proxy that was not meant."""

from __future__ import annotations

import asyncio

import pytest
from telegram.error import (
    BadRequest,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from bot.errors import StartupError
from bot.sandbox import Fault, Sandbox
from bot.telegram.client import (
    MAX_RETRY_AFTER,
    START_TRIES,
    Client,
    Connection,
    call_at_start,
    connect,
)
from bot.telegram.outbound.failures import SendFailure, failure_of

TOKEN = "42:letters"


class Call:
    """A call that fails in the ways it is given, then answers."""

    def __init__(self, *failures):
        self.failures = list(failures)
        self.pauses = []
        self.made = 0

    async def __call__(self):
        self.made += 1
        if self.failures:
            raise self.failures.pop(0)
        return "answered"

    async def sleep(self, seconds):
        self.pauses.append(seconds)
        await asyncio.sleep(0)


@pytest.mark.parametrize("failure", [NetworkError("Bad Gateway"), TimedOut(), RetryAfter(3)])
async def test_a_call_that_fails_once_is_made_again(failure):
    call = Call(failure)
    assert await call_at_start(call, call.sleep) == "answered"
    assert len(call.pauses) == 1
    if isinstance(failure, RetryAfter):
        assert call.pauses == [3]


@pytest.mark.parametrize("failure", [BadRequest("bad webhook"), Forbidden("kicked")])
async def test_what_another_try_cannot_help_is_told_at_once(failure):
    call = Call(failure)
    with pytest.raises(TelegramError):
        await call_at_start(call, call.sleep)
    assert call.made == 1


async def test_a_token_that_is_unknown_once_may_be_known_the_second_time():
    call = Call(InvalidToken("Not Found"), TimedOut())
    assert await call_at_start(call, call.sleep) == "answered"
    call = Call(*[InvalidToken("Unauthorized")] * 3)
    with pytest.raises(InvalidToken):
        await call_at_start(call, call.sleep)
    assert call.made == 2


@pytest.fixture
async def sandbox():
    sandbox = Sandbox("127.0.0.1", 0, TOKEN)
    await sandbox.start()
    yield sandbox
    await sandbox.stop()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409])
async def test_a_page_of_a_gateway_is_not_telegrams_word(sandbox, status):
    async with Client(Connection(TOKEN, sandbox.url)) as client:
        sandbox.faults.add(Fault("gateway", status=status))
        with pytest.raises(TelegramError) as refused:
            await client.get_me()
        assert failure_of(refused.value) is SendFailure.UNSENT
        assert (await client.get_me()).id == 42


@pytest.mark.parametrize(
    "body", [b"Forbidden", b'"Forbidden"', b'{"message": "Forbidden"}', b"[]", b"\xff<html>"]
)
def test_a_body_that_has_not_telegrams_form_is_an_error_without_its_words(body):
    read = Client(Connection(TOKEN, "http://127.0.0.1:9")).request.parse_json_payload
    assert read(b'{"ok": false, "error_code": 403, "description": "x"}')["error_code"] == 403
    with pytest.raises(TelegramError) as refused:
        read(body)
    assert "Forbidden" not in str(refused.value)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault("gateway", status=404, times=None), "Cannot reach Telegram"),
        (Fault("error", status=404, times=None), "does not know TELEGRAM_BOT_TOKEN"),
    ],
)
async def test_the_start_tells_a_wrong_token_from_a_gateway(sandbox, fault, said, monkeypatch):
    monkeypatch.setattr("bot.telegram.client.START_TRIES", 2)
    sandbox.faults.add(fault)
    with pytest.raises(StartupError, match=said):
        await connect(Connection(TOKEN, sandbox.url))


async def test_a_call_that_never_succeeds_ends():
    call = Call(*[NetworkError("away")] * START_TRIES)
    with pytest.raises(NetworkError):
        await call_at_start(call, call.sleep)
    assert call.made == START_TRIES


async def test_no_start_waits_for_a_long_flood():
    call = Call(RetryAfter(int(MAX_RETRY_AFTER) + 1))
    with pytest.raises(RetryAfter):
        await call_at_start(call, call.sleep)
    assert call.pauses == []
