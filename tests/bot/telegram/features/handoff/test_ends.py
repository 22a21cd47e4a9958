"""When a hand-over ends, and what becomes of a person whose human is gone."""

from __future__ import annotations

from telegram.error import Forbidden

from bot.telegram.features.handoff.desk import IDLE_HOURS
from tests.bot.telegram.features.handoff.conversations import (
    HIGH,
    ONCALL_CHAT,
    TAKEN,
    acts,
    says,
    takes_over,
)
from tests.bot.telegram.room import TEXTS
from tests.bot.telegram.scripted_engine import ANSWER
from tests.bot.telegram.updates import ADMIN, OTHER, PERSON, message, press


async def test_a_hand_over_survives_a_restart(open_room, engine):
    first = open_room(admin_chat=ONCALL_CHAT)
    await says(first, HIGH)
    await takes_over(first)
    await first.aclose()
    asked = len(engine.prompts)
    again = open_room(admin_chat=ONCALL_CHAT)
    await says(again, "你还在吗")
    assert again.bot.texts(ADMIN)[-1] == "💬 #1\n你还在吗"
    assert len(engine.prompts) == asked


async def test_an_idle_hand_over_is_given_back_and_both_are_told(desk):
    await says(desk, HIGH)
    await takes_over(desk)
    await desk.sleeps_through(IDLE_HOURS * 3600 - 120)
    assert TEXTS.desk_person_closed not in desk.bot.texts(PERSON)
    await desk.passes(300)
    assert desk.bot.texts(PERSON)[-1] == TEXTS.desk_person_closed
    assert desk.bot.texts(ADMIN)[-1] == TEXTS.desk_admin_closed(handle=1)
    await says(desk, "早上好")
    assert desk.bot.texts(PERSON)[-1] == ANSWER


async def test_an_admin_who_is_gone_leaves_the_person_to_the_model(desk):
    await says(desk, HIGH)
    await takes_over(desk)
    desk.bot.chat_faults[ADMIN].append(Forbidden("bot was blocked by the user"))
    await says(desk, "你在吗")
    assert desk.bot.texts(PERSON)[-2:] == [TEXTS.desk_person_closed, ANSWER]


async def test_erasing_everything_ends_the_hand_over_and_the_admin_is_told(desk, engine):
    await says(desk, HIGH)
    await takes_over(desk)
    await desk.arrive(press(f"erase:yes:{PERSON}"))
    await desk.passes(5)
    assert desk.bot.texts(ADMIN)[-1] == TEXTS.desk_admin_closed(handle=1)
    assert await desk.storage.handovers.get(1) is None


async def test_a_silent_human_is_replaced(desk, engine):
    await says(desk, HIGH)
    await takes_over(desk)
    asked = len(engine.prompts)
    for minute in range(10):
        await says(desk, f"有人吗 {minute}")
        await desk.passes(50)
    assert TEXTS.desk_human_silent not in desk.bot.texts(PERSON)
    await desk.passes(60)
    assert desk.bot.texts(PERSON)[-1] == TEXTS.desk_human_silent
    assert desk.bot.texts(ADMIN)[-1] == TEXTS.desk_admin_released(handle=1)
    assert len(desk.bot.texts(ONCALL_CHAT)) == 2
    assert desk.buttons(ONCALL_CHAT) == ["desk:take:1"]
    assert ("handover release", "silent") in await acts(desk)
    await says(desk, "那你在吗")
    assert len(engine.prompts) == asked + 1
    assert desk.bot.texts(PERSON)[-1] == ANSWER
    await desk.passes(1800)
    assert desk.bot.texts(PERSON)[-1] == ANSWER  # told once
    await takes_over(desk)
    assert desk.bot.texts(PERSON)[-1] == TAKEN


async def test_a_human_who_answers_keeps_their_person(desk):
    await says(desk, HIGH)
    await takes_over(desk)
    for _ in range(6):
        await says(desk, "在吗")
        await desk.passes(8 * 60)
        await says(desk, "我在", person=ADMIN)
        await desk.passes(8 * 60)
    assert (await desk.storage.handovers.get(1)).state == "taken"


async def test_an_admin_who_cannot_be_reached_is_replaced(desk):
    await says(desk, HIGH)
    await takes_over(desk)
    desk.bot.chat_faults[ADMIN].append(Forbidden("bot was blocked by the user"))
    await says(desk, "你在吗")
    assert (await desk.storage.handovers.get(1)).state == "open"
    assert len(desk.bot.texts(ONCALL_CHAT)) == 2
    assert desk.buttons(ONCALL_CHAT) == ["desk:take:1"]


async def test_who_is_no_admin_any_more_reads_nothing_and_the_person_is_taken_back(open_room):
    before = open_room(admin_chat=ONCALL_CHAT)
    await says(before, HIGH)
    await takes_over(before)
    await before.aclose()
    after = open_room(admin_chat=ONCALL_CHAT, admins=frozenset({OTHER}))
    await after.arrive(message("我把药都倒出来了"))
    await after.passes(10)
    assert not any("药" in text for text in after.bot.texts(ADMIN))
    assert TEXTS.desk_person_closed in after.bot.texts(PERSON)
    assert (await after.storage.handovers.get(1)).state == "open"
    await takes_over(after, admin=OTHER)
    assert (await after.storage.handovers.for_user(PERSON)).admin_id == OTHER


async def test_people_are_taken_back_where_the_desk_was_closed(open_room):
    before = open_room(admin_chat=ONCALL_CHAT)
    await says(before, HIGH)
    await takes_over(before)
    await before.aclose()
    after = open_room()
    await after.passes(5)
    assert after.bot.texts(PERSON)[-1] == TEXTS.desk_person_closed
    assert (await after.storage.handovers.get(1)).state == "closed"
