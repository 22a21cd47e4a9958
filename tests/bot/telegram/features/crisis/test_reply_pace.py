"""A flood of calls for help is one list, then the pace of all texts; a card waits for nothing."""

from __future__ import annotations

import pytest

from bot.safety import Region, render_hotlines
from bot.telegram.features.crisis.reply_pace import AHEAD_OF_ALL, WINDOW
from tests.bot.telegram.features.crisis.cards import CN, HIGH, HIGH_CARD, shown
from tests.bot.telegram.room import TEXTS
from tests.bot.telegram.updates import OTHER, PERSON, message, press

LIST = shown(render_hotlines(CN))


async def test_three_hundred_calls_for_help_at_once_are_one_list(room):
    await room.arrive(*(message("求助") for _ in range(300)))
    await room.passes(2)
    assert room.bot.texts(PERSON) == [LIST]
    await room.passes(WINDOW)
    await room.arrive(message("求助"))
    await room.passes(1)
    assert room.bot.texts(PERSON) == [LIST, LIST]


async def test_a_flood_with_the_database_away_is_one_list_too(room, database_switch):
    database_switch.is_away = True
    for _ in range(30):
        with pytest.raises(Exception, match="database"):
            await room.arrive(message("求助"))
    await room.passes(2)
    assert room.bot.texts(PERSON) == [LIST]


async def test_a_card_waits_for_no_reply_and_no_other_chat_for_this_one(room):
    await room.arrive(*(press(f"risk:where:{PERSON}") for _ in range(40)))
    await room.arrive(message(HIGH), message("求助", person=OTHER))
    assert shown(HIGH_CARD) in room.bot.texts(PERSON)
    assert room.bot.texts(OTHER) == [LIST]
    asked = shown(TEXTS.risk_region_ask)
    at_once = room.bot.texts(PERSON).count(asked)
    assert at_once <= AHEAD_OF_ALL + 1
    await room.passes(3)
    assert at_once < room.bot.texts(PERSON).count(asked) < 12
    await room.passes(60)
    assert room.bot.texts(PERSON).count(asked) == 40


async def test_lines_of_another_region_are_shown_at_once(room):
    await room.arrive(message("求助"))
    for region in ("HK", "TW", "HK"):
        await room.arrive(press(f"risk:in:{region}:{PERSON}"))
        await room.passes(6)
    hong_kong, taiwan = (shown(render_hotlines(CN, one)) for one in (Region.HK, Region.TW))
    lists = [text for text in room.bot.texts(PERSON) if text in {LIST, hong_kong, taiwan}]
    assert lists == [LIST, hong_kong, taiwan, hong_kong]
