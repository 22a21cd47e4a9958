"""A short reply is read with the question of the card, the button or the check-in before it."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest

from bot.locales import Language
from bot.safety import Region, RiskLevel, card, instead_of
from bot.safety.guard import BlockReason
from bot.telegram.outbound.rendering import render
from inference.engine import EngineProtocolError
from tests.bot.telegram.features.crisis.cards import IMMINENT_CARD, is_again
from tests.bot.telegram.scripted_engine import ANSWER
from tests.bot.telegram.updates import PERSON, message, press

HIGH = "我不想活了"
CN = Language.ZH_CN
HELP = f"risk:help:{PERSON}"


def shown(text):
    """A reviewed text as a chat shows it, in one message."""
    [part] = render(text)
    return part.text


async def says(room, text, seconds=10):
    """Say something and wait; what the bot said to it."""
    before = len(room.bot.texts(PERSON))
    await room.arrive(message(text))
    await room.passes(seconds)
    return room.bot.texts(PERSON)[before:]


async def presses_help(room):
    await room.arrive(press(HELP))
    await room.passes(3)


async def falls_silent(room):
    await room.passes(6.1 * 3600)
    await room.sweep()
    await room.passes(3)


async def concerns(room):
    return (await room.storage.counters.totals(date.min, date.max)).get("risk_concern", 0)


@pytest.mark.parametrize("word", ["没有", "不知道能不能"])
async def test_a_short_no_to_a_button_is_read_with_what_the_button_asked(room, engine, word):
    await says(room, HIGH)
    assert await says(room, word) == [ANSWER], "the model's answer was the last thing said"
    await presses_help(room)
    assert is_again((await says(room, word))[0], 1)


async def test_a_bare_no_to_whether_they_are_safe_is_imminent(room, engine):
    await says(room, HIGH)
    assert await says(room, "不") == [ANSWER], "the model's answer was the last thing said"
    await presses_help(room)
    assert (await says(room, "不"))[0] == shown(IMMINENT_CARD)


async def test_a_question_outlives_the_process_that_asked_it(open_room, engine):
    room = open_room()
    await says(room, HIGH)
    await presses_help(room)
    room = open_room()
    assert is_again((await says(room, "没有"))[0], 1)
    assert await says(room, "没有") == [ANSWER], "it has been answered on since"


async def test_a_card_that_no_answer_followed_is_what_a_short_no_replies_to(open_room, engine):
    engine.will(EngineProtocolError("broken"))
    room = open_room()
    await says(room, HIGH)
    assert (await says(room, "不"))[0] == shown(IMMINENT_CARD)


async def test_a_plain_word_after_a_card_brings_no_other_one(room, engine):
    await says(room, HIGH)
    await presses_help(room)
    assert await says(room, "嗯") == [ANSWER]


async def test_a_check_in_is_what_a_short_word_replies_to(room, engine):
    await says(room, HIGH)
    await falls_silent(room)
    assert (await says(room, "不太好"))[-1] == ANSWER
    assert await concerns(room) == 1


async def test_a_database_that_hangs_delays_no_card_for_the_question_before_it(
    room, monkeypatch, engine
):
    async def hangs(*_):
        await asyncio.Event().wait()

    monkeypatch.setattr(type(room.storage.risk), "list_for_speakers", hangs)
    arriving = asyncio.create_task(room.intake.keep([message("我想死")]))
    await room.passes(2)
    await arriving
    await room.passes(2)
    assert room.bot.texts(PERSON)[0] == shown(card(RiskLevel.HIGH, CN, is_minor=False))


async def test_the_number_in_place_of_a_blocked_answer_is_of_the_chosen_region(room, engine):
    await room.arrive(press(f"risk:in:MY:{PERSON}"))
    await room.passes(3)
    engine.will("可以试试割腕，能缓解一点。")
    said = await says(room, HIGH)
    assert said[-1] == shown(instead_of(BlockReason.METHOD, RiskLevel.HIGH, CN, Region.MY))
    assert "999" in said[-1]
