"""What both readers say when a message arrives, and that the encoder holds up nobody's card."""

from __future__ import annotations

import asyncio

import pytest

from bot.conversation.reading import ENCODER_WITHIN
from bot.safety import BOTH, Assessment, Axis, RiskLevel, Who
from tests.bot.telegram.features.crisis.cards import (
    HIGH,
    HIGH_CARD,
    IMMINENT,
    IMMINENT_CARD,
    says,
    shown,
)
from tests.bot.telegram.scripted_engine import ANSWER
from tests.bot.telegram.updates import OTHER, PERSON, message

HIDDEN = "钥匙放在门卫那里了"
AWAY = "first_reader_alone"


class ScriptedEncoder:
    """Judges as it is told, when the test lets it; of the rest it makes nothing."""

    name = "encoder"

    def __init__(self):
        self.finds = {HIDDEN: RiskLevel.HIGH}
        self.asked = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def judge(self, said, standing):
        self.asked.append(said[-1].text)
        await self.gate.wait()
        level = self.finds.get(said[-1].text, RiskLevel.NONE)
        if level is RiskLevel.NONE:
            return Assessment(level)
        return Assessment(level, (BOTH,), frozenset({Axis.SUICIDE}), Who.SELF)

    async def read(self, said, standing=RiskLevel.NONE):
        return await self.judge(said, standing)

    async def aclose(self):
        """Nothing is held."""


@pytest.fixture
async def encoder():
    return ScriptedEncoder()


@pytest.fixture
async def read_room(open_room, encoder):
    return open_room(encoder=encoder, second_readers=[encoder])


def card_at(room, text):
    """When a card was sent, on the room's clock."""
    return next(call.at for call in room.bot.calls if call.text == shown(text))


async def test_what_is_found_in_meaning_brings_its_card_when_it_arrives(read_room, engine):
    engine.will(asyncio.Event())  # no answer is ever made
    await read_room.arrive(message(HIDDEN))
    assert card_at(read_room, HIGH_CARD) == read_room.clock.now


async def test_what_the_first_reader_alone_would_raise_brings_none(read_room):
    await says(read_room, "我在天台边上，准备跳了")
    assert read_room.bot.texts(PERSON) == [ANSWER]


async def test_a_late_encoder_holds_up_a_card_no_longer_than_its_limit(read_room, encoder):
    encoder.gate.clear()
    began = read_room.clock.now
    arriving = asyncio.create_task(read_room.store(message(HIGH), message(HIGH, person=OTHER)))
    await read_room.clock.advance(2 * ENCODER_WITHIN)
    await arriving
    await read_room.passes(0.1)
    assert card_at(read_room, HIGH_CARD) <= began + ENCODER_WITHIN + 0.01
    assert read_room.bot.texts(OTHER)[:1] == [shown(HIGH_CARD)]
    encoder.gate.set()


async def test_a_burst_waits_for_the_encoder_as_long_as_one_message(read_room, encoder):
    encoder.gate.clear()
    burst = [message(f"第{number}句", person=PERSON + 1 + number) for number in range(40)]
    arriving = asyncio.create_task(read_room.store(*burst, message(IMMINENT)))
    await read_room.clock.advance(1.5 * ENCODER_WITHIN)
    await arriving
    assert encoder.asked[0] == "第0句"
    await read_room.passes(0.1)
    assert shown(IMMINENT_CARD) in read_room.bot.texts(PERSON)
    encoder.gate.set()


async def test_what_the_encoder_says_too_late_is_the_second_reading(read_room, encoder, engine):
    encoder.gate.clear()
    engine.will("听起来你安排得很好，", asyncio.Event())
    arriving = asyncio.create_task(read_room.store(message(HIDDEN)))
    await read_room.clock.advance(2 * ENCODER_WITHIN)
    await arriving
    await read_room.passes(2)
    assert shown(HIGH_CARD) not in read_room.bot.texts(PERSON)
    encoder.gate.set()
    await read_room.passes(10)
    assert shown(HIGH_CARD) in read_room.bot.texts(PERSON)
    today = read_room.now().date()
    assert (await read_room.storage.counters.totals(today, today))[AWAY] == 2, (
        "at arrival, and with its turn"
    )
