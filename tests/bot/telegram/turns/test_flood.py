"""Somebody floods the bot: nobody else notices, and the flood loses nothing either."""

from __future__ import annotations

import asyncio

from bot.telegram.turns.assembler import MESSAGES_AT_ONCE
from bot.telegram.update_handler import MAX_IN_A_CHAT
from tests.bot.telegram.room import TEXTS
from tests.bot.telegram.scripted_engine import ANSWER
from tests.bot.telegram.updates import OTHER, PERSON, message

WINDOW = 1.2
FLOOD = 1000


def lines_of(prompts):
    """What was said in each turn, line by line."""
    return [prompt[-1].content.split("\n") for prompt in prompts]


async def test_a_thousand_messages_become_few_turns_in_order_and_others_go_between(
    open_room, engine
):
    room = open_room(burst_window=WINDOW)
    flood = [f"第{number}句" for number in range(FLOOD)]
    await room.arrive(*(message(text) for text in flood))
    await room.arrive(message("睡不着", person=OTHER))
    while len(engine.prompts) < 2:
        await room.passes(0.5)
    assert ["睡不着"] in lines_of(engine.prompts)[:2]
    assert len(engine.prompts) == 2
    while sum(map(len, lines_of(engine.prompts))) <= FLOOD:  # long turns are read in a thread
        await room.passes(5)
    await room.passes(5)
    turns = [lines for lines in lines_of(engine.prompts) if lines != ["睡不着"]]
    assert [line for lines in turns for line in lines] == flood
    assert {len(lines) for lines in turns} <= {MESSAGES_AT_ONCE, FLOOD % MESSAGES_AT_ONCE}
    assert len(room.bot.texts(PERSON)) == len(turns)
    assert room.bot.texts(OTHER) == [ANSWER]


async def test_each_turn_of_a_flood_is_behind_those_who_wait_already(open_room, engine):
    """With places for one generation, the order is: flood, the others, flood again."""
    room = open_room(burst_window=WINDOW)
    admitted = asyncio.Semaphore(1)
    stream = engine.stream

    async def one_at_a_time(*arguments, **options):
        async with admitted:
            async for piece in stream(*arguments, **options):
                await room.clock.sleep(2)
                yield piece

    engine.stream = one_at_a_time
    await room.arrive(*(message(f"第{number}句") for number in range(3 * MESSAGES_AT_ONCE)))
    others = range(OTHER, OTHER + 5)
    for person in others:
        await room.arrive(message("睡不着", person=person))
    await room.passes(60)
    floods = [place for place, lines in enumerate(lines_of(engine.prompts)) if len(lines) > 1]
    assert len(floods) == 3
    assert floods[1] > len(others)


async def test_a_thousand_commands_delay_no_command_of_anybody_else(room):
    await room.arrive(*(message("/help") for _ in range(FLOOD)))
    await room.arrive(message("/help", person=OTHER))
    await room.passes(1)
    assert room.bot.texts(OTHER) == [TEXTS.help.strip()]
    assert len(room.update_handler.held) <= 2 * MAX_IN_A_CHAT
    await room.passes(100)
    assert len(room.bot.texts(PERSON)) >= 100
    assert len(room.update_handler.held) <= 2 * MAX_IN_A_CHAT
