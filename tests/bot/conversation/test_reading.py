"""What stands at once: both readers where the encoder is there in time, else the first alone."""

from __future__ import annotations

import asyncio
import threading

import pytest

from bot.conversation.reading import ENCODER_WITHIN, FirstReading
from bot.conversation.second_reader import EncoderReader
from bot.safety import BOTH, Assessment, RiskLevel, Utterance, assess
from tests.bot.conversation.test_second_reader import ENCODER_ALONE, FakeCounters, FakeEncoder
from tests.clock import FakeClock

HIDDEN = [Utterance("钥匙放在门卫那里了")]
BY_TREES = [Utterance("我在天台边上，准备跳了")]
AWAY = "first_reader_alone"


@pytest.fixture
async def encoder():
    fake = FakeEncoder()
    fake.reader = EncoderReader(lambda: fake, ENCODER_ALONE)
    yield fake
    await fake.reader.aclose()


async def test_both_readers_judge_where_the_encoder_is_there(encoder):
    counters = FakeCounters()
    found = await FirstReading(encoder.reader, counters, sleep=FakeClock().sleep).read(HIDDEN)
    assert (found.level, found.reasons) == (RiskLevel.HIGH, (BOTH,))
    assert counters.counted == []


async def test_what_the_trees_alone_raise_is_nothing_where_the_encoder_sees_nothing(encoder):
    encoder.level = RiskLevel.NONE
    assert assess(BY_TREES).level > RiskLevel.NONE
    assert await FirstReading(encoder.reader, FakeCounters(), sleep=FakeClock().sleep).read(
        BY_TREES
    ) == Assessment(RiskLevel.NONE)


@pytest.mark.parametrize("said", [HIDDEN, BY_TREES])
async def test_an_encoder_that_is_late_leaves_the_first_reader_alone(encoder, said):
    clock, counters = FakeClock(), FakeCounters()
    encoder.gate = threading.Event()
    reading = FirstReading(encoder.reader, counters, sleep=clock.sleep)
    found = asyncio.create_task(reading.read(said))
    await clock.advance(ENCODER_WITHIN - 0.01)
    assert not found.done()
    await clock.advance(0.02)
    assert await found == assess(said)
    assert counters.counted == [AWAY]
    encoder.gate.set()


async def test_an_encoder_that_fails_leaves_the_first_reader_alone(encoder):
    counters = FakeCounters()
    encoder.error = RuntimeError("no memory")
    assert await FirstReading(encoder.reader, counters, sleep=FakeClock().sleep).read(
        BY_TREES
    ) == assess(BY_TREES)
    assert counters.counted == [AWAY]


async def test_without_an_encoder_nothing_is_away():
    counters = FakeCounters()
    not_installed = EncoderReader(lambda: None)
    for encoder in (None, not_installed):
        assert await FirstReading(encoder, counters).read(BY_TREES) == assess(BY_TREES)
    await not_installed.aclose()
    assert counters.counted == []


async def test_where_no_time_is_left_the_encoder_is_not_asked(encoder):
    counters = FakeCounters()
    reading = FirstReading(encoder.reader, counters, sleep=FakeClock().sleep)
    assert await reading.read(BY_TREES, within=0.0) == assess(BY_TREES)
    assert encoder.talks == []
    assert counters.counted == []
