from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from bot.telegram.outbound.outbox import Outbox
from bot.telegram.outbound.streaming import StreamedReply
from tests.bot.telegram.outbound.saying import ANNA
from tests.bot.telegram.outbound.scripted_bot import ScriptedBot
from tests.bot.telegram.outbound.streamed import STOP, Ids
from tests.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def bot(clock: FakeClock) -> ScriptedBot:
    return ScriptedBot(clock)


@pytest.fixture
async def outbox(bot: ScriptedBot, clock: FakeClock) -> AsyncIterator[Outbox]:
    outbox = Outbox(bot, clock=clock, sleep=clock.sleep, random=Random(7), calls_per_second=30)
    yield outbox
    await outbox.aclose(0)


@pytest.fixture
def ids(bot: ScriptedBot) -> Ids:
    return Ids(bot)


@pytest.fixture
async def reply(outbox: Outbox, clock: FakeClock, ids: Ids) -> AsyncIterator[StreamedReply]:
    reply = StreamedReply(
        outbox, ANNA, on_message_id=ids, keyboard=STOP, clock=clock, sleep=clock.sleep
    )
    yield reply
    await reply.cancel()
