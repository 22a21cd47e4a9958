"""Who reaches the limit of a day is told once, kept, and answered later; danger has no limit."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from bot.storage.models import RedoRow
from tests.bot.telegram.room import TEXTS
from tests.bot.telegram.scripted_engine import ANSWER
from tests.bot.telegram.talks import toasts
from tests.bot.telegram.updates import ADMIN, GROUP, OTHER, PERSON, message, press

HOUR = 3600.0


async def says(room, *texts, person=PERSON, **where):
    for text in texts:
        await room.arrive(message(text, person=person, **where))
        await room.passes(5)


async def used_up(open_room, **options):
    """A process in which somebody has had their two answers, the first an hour ago."""
    room = open_room(answers_per_day=2, **options)
    await says(room, "一")
    await room.passes(HOUR)
    await says(room, "二")
    return room


async def test_beyond_the_limit_people_are_told_once_and_answered_when_a_day_has_passed(
    open_room, engine
):
    room = await used_up(open_room, burst_window=1.2)
    await says(room, "三", "四")
    told = TEXTS.wait_limit(count=23)
    assert room.bot.texts(PERSON) == [ANSWER, ANSWER, told]
    await room.passes(22 * HOUR)
    await room.sweep()
    assert len(engine.prompts) == 2
    await room.passes(HOUR)
    await room.sweep()
    await room.passes(5)
    assert room.bot.texts(PERSON) == [ANSWER, ANSWER, told, TEXTS.care_session, ANSWER]
    assert engine.prompts[-1][-1].content.endswith("）\n三\n四")


async def test_a_restart_forgets_neither_the_limit_nor_that_it_was_told(open_room, engine):
    first = await used_up(open_room)
    await says(first, "三")
    await first.aclose()
    second = open_room(answers_per_day=2)
    await second.sweep()
    await says(second, "四")
    assert second.bot.texts(PERSON) == [ANSWER, ANSWER, TEXTS.wait_limit(count=23)]
    assert len(engine.prompts) == 2


async def test_the_limit_is_each_persons_own(open_room):
    room = await used_up(open_room)
    await says(room, "你好", person=OTHER)
    assert room.bot.texts(OTHER) == [ANSWER]


async def test_danger_knows_no_limit(open_room, engine):
    room = await used_up(open_room)
    await says(room, "三")
    await says(room, "我不想活了")
    await room.passes(10)
    await room.sweep()
    await room.passes(10)
    assert [prompt[-1].content for prompt in engine.prompts] == ["一", "二", "三", "我不想活了"]


async def test_who_talks_to_a_human_is_not_cut_off(open_room, engine):
    room = await used_up(open_room, admin_chat=ADMIN)
    opened = await room.storage.handovers.open(PERSON, 0, asked=True)
    assert await room.storage.handovers.take(opened.id, ADMIN) is not None
    await says(room, "三", "四")
    assert [text for text in room.bot.texts(ADMIN) if "四" in text]
    assert TEXTS.wait_limit(count=23) not in room.bot.texts(PERSON)
    assert len(engine.prompts) == 2


async def test_commands_know_no_limit(open_room):
    room = await used_up(open_room)
    await says(room, "三", "/help")
    assert room.bot.texts(PERSON)[-1] == TEXTS.help.strip()


async def test_in_a_group_nobody_waits_behind_somebody_elses_limit(open_room, engine):
    room = await used_up(open_room)
    await says(room, "三", chat=GROUP)
    await says(room, "我也想说", person=OTHER, chat=GROUP)
    assert engine.prompts[-1][-1].content == "我也想说"
    assert room.bot.texts(GROUP) == [TEXTS.wait_limit(count=23), ANSWER]


async def test_who_has_said_little_is_answered_although_time_goes_on_while_it_is_asked(
    open_room, moment
):
    """A real clock is later at each look; the one of these tests stands still between two."""
    room = open_room(answers_per_day=2)
    moment.goes_on_by = timedelta(milliseconds=1)
    await says(room, "一")
    assert room.bot.texts(PERSON) == [ANSWER]


async def test_an_answer_made_again_counts_for_the_day(open_room, engine):
    room = open_room(answers_per_day=3)
    await says(room, "一")
    redo, *_ = room.buttons()
    for _ in range(4):
        await room.arrive(press(redo))
        await room.passes(5)
    assert len(engine.prompts) == 3
    assert toasts(room) == [None, None, *[TEXTS.redo_limit(count=24)] * 2]
    assert TEXTS.wait_limit(count=24) not in room.bot.texts(PERSON)  # the toast has told
    await says(room, "二")
    assert room.bot.texts(PERSON)[-1] == TEXTS.wait_limit(count=24)
    await room.passes(24 * HOUR)
    await room.sweep()
    await room.passes(5)
    assert len(engine.prompts) == 4


async def test_an_answer_made_again_in_a_group_counts_for_who_asked_for_it(open_room, engine):
    room = open_room(answers_per_day=2)
    await says(room, "@shudong_bot 一", chat=GROUP)
    redo = next(one for one in room.buttons(GROUP) if one.startswith("redo:"))
    for _ in range(3):
        await room.arrive(press(redo, chat=GROUP, person=OTHER))
        await room.passes(5)
    assert len(engine.prompts) == 3
    await says(room, "二")
    assert room.bot.texts(PERSON) == [ANSWER]


async def test_trying_again_after_a_failure_is_no_second_answer(open_room, engine):
    room = open_room(answers_per_day=2)
    engine.will()
    await says(room, "一")
    await room.arrive(press("redo:1"))
    await room.passes(5)
    await says(room, "二")
    assert room.bot.texts(PERSON)[-2:] == [ANSWER, ANSWER]


async def test_erasing_forgets_what_was_made_again(open_room):
    room = open_room(answers_per_day=5)
    await says(room, "一")
    redo, *_ = room.buttons()
    await room.arrive(press(redo))
    await room.passes(5)
    counted = sa.select(RedoRow.user_id)
    assert await room.storage.database.read(lambda c: c.scalars(counted).all()) == [PERSON]
    await room.storage.users.erase(PERSON)
    assert await room.storage.database.read(lambda c: c.scalars(counted).all()) == []
