from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from bot.telegram.outbound.outbox import Outbox
from tests.bot.telegram.outbound.scripted_bot import ScriptedBot
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
    outbox = Outbox(bot, clock=clock, sleep=clock.sleep, random=Random(7))
    yield outbox
    await outbox.aclose(0)
