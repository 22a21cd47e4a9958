"""What a person in danger reads, and in which order."""

from __future__ import annotations

import asyncio

import pytest
from telegram.error import NetworkError

from bot.locales import Language
from bot.locales.crisis import crisis_texts_for
from bot.safety import RiskLevel, card, guidance
from bot.telegram.inbound.incoming import SPLIT_PART
from bot.telegram.outbound.rendering import render
from tests.bot.telegram.features.crisis.cards import without_aside
from tests.bot.telegram.scripted_engine import ANSWER
from tests.bot.telegram.updates import PERSON, message

HIGH = "我不想活了"
IMMINENT = "我今晚就去跳楼，已经决定了。"
AT_LEVEL = [(HIGH, RiskLevel.HIGH), (IMMINENT, RiskLevel.IMMINENT)]


def shown(text):
    return [part.text for part in render(text)]


async def answered(room):
    """Wait for a turn whose reading takes a thread of its own."""
    for _ in range(2_000):
        if len(room.bot.texts(PERSON)) > 1:
            break
        await asyncio.sleep(0.001)
        await room.passes(0.01)
    await room.passes(10)


@pytest.mark.parametrize(("text", "level"), AT_LEVEL, ids=["high", "imminent"])
async def test_the_trial_model_never_answers_a_person_in_danger(open_room, engine, text, level):
    room = open_room(is_trial=True)
    await room.arrive(message(text))
    await room.passes(10)
    assert engine.prompts == []
    assert room.bot.texts(PERSON) == shown(card(level, Language.ZH_CN, is_minor=False)), (
        "a card asks alone"
    )
    turn = await room.storage.turns.get(1)
    assert (turn.state, turn.answer) == ("answered", None)
    await room.arrive(message("今天吃什么"))
    await room.passes(10)
    [asked] = map(without_aside, room.bot.texts(PERSON)[1:])
    assert asked == crisis_texts_for(Language.ZH_CN).questions["taken"]
    assert engine.prompts == []


@pytest.mark.parametrize(("text", "level"), AT_LEVEL, ids=["high", "imminent"])
async def test_a_big_model_answers_after_the_card_and_is_told_how(room, engine, text, level):
    await room.arrive(message(text))
    await room.passes(10)
    assert room.bot.texts(PERSON) == [*shown(card(level, Language.ZH_CN, is_minor=False)), ANSWER]
    [prompt] = engine.prompts
    assert prompt[0].role == "system"
    assert guidance(level, card_asks=True) in prompt[0].content
    # The danger is not over because the next message is about something else.
    await room.arrive(message("今天吃什么"))
    await room.passes(10)
    assert guidance(level, RiskLevel.CONCERN) in engine.prompts[-1][0].content


async def test_no_guidance_is_given_where_there_is_no_danger(room, engine):
    await room.arrive(message("今天吃什么"))
    await room.passes(5)
    system = engine.prompts[0][0].content
    assert all(guidance(level) not in system for level in list(RiskLevel)[1:])


@pytest.mark.parametrize("is_trial", [False, True])
async def test_danger_at_the_end_of_a_very_long_turn_brings_the_card_first(
    open_room, engine, is_trial
):
    room = open_room(is_trial=is_trial)
    harmless = "今天也就这样过去了。" * 600
    first = harmless[:SPLIT_PART]
    await room.arrive(message(first), message(harmless[len(first) :] + IMMINENT))
    await answered(room)
    assert room.bot.texts(PERSON) == [
        *shown(card(RiskLevel.IMMINENT, Language.ZH_CN, is_minor=False)),
        *([] if is_trial else [ANSWER]),
    ]
    assert len(engine.prompts) == (0 if is_trial else 1)


async def test_the_card_goes_out_before_the_model_has_said_anything(room, engine):
    engine.will(asyncio.Event())
    await room.arrive(message(IMMINENT))
    await room.passes(2)
    assert room.bot.texts(PERSON)[
        : len(shown(card(RiskLevel.IMMINENT, Language.ZH_CN, is_minor=False)))
    ] == shown(card(RiskLevel.IMMINENT, Language.ZH_CN, is_minor=False))


async def test_a_card_that_telegram_does_not_take_at_once_still_comes_first(room):
    room.bot.faults["send"].extend([NetworkError("x"), NetworkError("x")])
    await room.arrive(message(IMMINENT))
    await room.passes(30)
    assert room.bot.texts(PERSON) == [
        *shown(card(RiskLevel.IMMINENT, Language.ZH_CN, is_minor=False)),
        ANSWER,
    ]
