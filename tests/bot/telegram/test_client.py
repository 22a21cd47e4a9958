"""Calls at start are tried again, and nothing said goes through a proxy that was not meant."""

from __future__ import annotations

import asyncio

import pytest
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TelegramError, TimedOut

from bot.telegram.client import MAX_RETRY_AFTER, START_TRIES, call_at_start


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
