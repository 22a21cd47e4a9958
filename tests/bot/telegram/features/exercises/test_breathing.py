"""Breathing that is led in one message: at its pace, stopped at any time, never left hanging."""

from __future__ import annotations

import pytest

from bot.storage import Breathing
from bot.telegram.features.exercises.catalog import PATTERNS, Exercise
from tests.bot.telegram.features.exercises.conftest import WORDS, Trainee
from tests.bot.telegram.updates import PERSON, press

SECONDS = {
    one: 4 + pattern.rounds * sum(seconds for _, seconds in pattern.phases)
    for one, pattern in PATTERNS.items()
}


@pytest.mark.parametrize("exercise", PATTERNS)
async def test_it_goes_through_all_rounds_in_one_message_and_ends(trainee, exercise):
    await trainee.begins(exercise)
    led_in, edits = trainee.newest, len(trainee.room.methods())
    assert trainee.sees == WORDS.breath_ready
    await trainee.room.passes(4)
    assert trainee.sees.startswith(WORDS.breath_in(count=4))
    assert trainee.buttons == ["ex:halt"]
    await trainee.room.passes(SECONDS[exercise])
    assert trainee.newest == led_in
    assert trainee.sees == WORDS.breath_done
    assert f"ex:begin:{exercise}" in trainee.buttons
    pattern = PATTERNS[exercise]
    phases = pattern.rounds * len(pattern.phases)
    assert len(trainee.room.methods()) - edits == phases + 1
    assert trainee.room.breathing.held == []


async def test_no_two_edits_are_closer_than_four_seconds(trainee):
    await trainee.begins(Exercise.BREATH_BOX)
    seen = set()
    for _ in range(20):
        before = len(trainee.room.methods())
        await trainee.room.passes(3.9)
        seen.add(len(trainee.room.methods()) - before)
    assert seen <= {0, 1}


async def test_it_stops_when_its_button_is_pressed(trainee):
    await trainee.begins(Exercise.BREATH_478)
    await trainee.room.passes(6)
    await trainee.presses("ex:halt")
    await trainee.room.passes(2)
    assert trainee.sees == WORDS.breath_stopped
    await trainee.room.passes(60)
    assert trainee.sees == WORDS.breath_stopped


async def test_it_stops_at_the_command_that_stops(trainee):
    await trainee.begins(Exercise.BREATH_BOX)
    led_in = trainee.newest
    await trainee.types("/stop")
    await trainee.room.passes(3)
    assert trainee.room.bot.shown[PERSON, led_in][0] == WORDS.breath_stopped
    assert trainee.newest == led_in


async def test_words_of_danger_end_it_and_bring_their_card(trainee):
    await trainee.begins(Exercise.BREATH_478)
    led_in = trainee.newest
    await trainee.room.passes(5)
    await trainee.types("我不想活了")
    await trainee.room.passes(3)
    assert trainee.room.bot.shown[PERSON, led_in][0] == WORDS.breath_stopped
    assert any("12356" in text for _, text in trainee.room.methods())


async def test_two_taps_begin_once(trainee):
    await trainee.begins(Exercise.BREATH_BOX)
    await trainee.presses("ex:begin:breathbox")
    await trainee.room.passes(SECONDS[Exercise.BREATH_BOX] + 4)
    shown = [text for _, text in trainee.room.methods()]
    assert shown.count(WORDS.breath_done) == 1


async def test_one_that_is_begun_elsewhere_ends_the_one_before(trainee):
    await trainee.begins(Exercise.BREATH_BOX)
    first = trainee.newest
    await trainee.begins(Exercise.BREATH_478)
    await trainee.room.passes(3)
    assert trainee.room.bot.shown[PERSON, first][0] == WORDS.breath_stopped
    await trainee.room.passes(SECONDS[Exercise.BREATH_478])
    assert trainee.sees == WORDS.breath_done


async def test_what_a_dead_process_led_is_ended_kindly_by_the_next(open_room):
    room = open_room()
    trainee = Trainee(room)
    await trainee.types("/exercises")
    left = Breathing(PERSON, trainee.newest, "breathbox")
    await room.storage.breathings.begin(left)
    await room.sweep()
    assert trainee.sees == WORDS.menu
    await room.passes(60)  # the lease runs out: no process leads it
    await room.sweep()
    assert trainee.sees == WORDS.breath_broken
    assert await room.storage.breathings.stop(PERSON) is None
    await trainee.presses("ex:begin:breathbox")
    await room.passes(SECONDS[Exercise.BREATH_BOX] + 4)
    assert trainee.sees == WORDS.breath_done


async def test_a_process_that_ends_says_so_in_the_message(trainee):
    await trainee.begins(Exercise.BREATH_BOX)
    await trainee.room.passes(5)
    await trainee.room.breathing.aclose()
    assert trainee.sees == WORDS.breath_broken
    assert await trainee.room.storage.breathings.stop(PERSON) is None


async def test_who_erases_everything_is_led_no_more(trainee):
    await trainee.begins(Exercise.BREATH_BOX)
    led_in = trainee.newest
    await trainee.types("/erase")
    await trainee.room.arrive(press(f"erase:yes:{PERSON}", message_id=trainee.newest))
    await trainee.room.passes(10)
    assert trainee.room.bot.shown[PERSON, led_in][0] == WORDS.breath_stopped
    assert trainee.room.breathing.held == []
