"""The engine is away, slow or busy: people are told once, keep their turn, and can stop it."""

from __future__ import annotations

import asyncio

import pytest

from bot.storage import Notification, StorageError
from bot.telegram.turns.generation import MAX_TIMEOUTS_OF_A_TURN
from inference.engine import EngineOverloaded, EngineTimeout, EngineUnavailable, ThoughtLeaked
from tests.bot.telegram.room import ENGINE_PATIENCE, TEXTS
from tests.bot.telegram.scripted_engine import ANSWER
from tests.bot.telegram.updates import ADMIN, OTHER, PERSON, message, press

GONE = EngineUnavailable("nothing answers")
SILENT = EngineTimeout("no first token")


@pytest.fixture
def no_engine(engine):
    """An engine that has gone away; `come_back` brings it back."""
    engine.is_ready = False
    engine.will(GONE)
    return engine


async def test_a_thought_that_was_taken_for_the_answer_is_taken_back(room, engine):
    engine.will("用户很难过，我先共情。", ThoughtLeaked("it was a thought"))
    await room.arrive(message("睡不着"))
    await room.passes(10)
    assert room.bot.texts(PERSON) == [ANSWER]
    (turn,) = await room.turns()
    assert turn == ("answered", None)


async def test_while_the_engine_is_away_the_person_is_told_once_and_answered_when_it_is_back(
    room, no_engine
):
    await room.arrive(message("睡不着"))
    await room.passes(1)
    assert room.bot.texts(PERSON) == [TEXTS.wait_engine]
    assert room.buttons() == ["stop:1"]
    await room.passes(120)
    assert room.methods() == [("send", TEXTS.wait_engine)]
    no_engine.is_ready = True
    await room.passes(15)
    assert room.bot.texts(PERSON) == [ANSWER]
    assert await room.turns() == [("answered", None)]


async def test_an_answer_that_broke_off_is_made_anew_in_its_message(room, engine):
    engine.will("我在听，", GONE)
    engine.is_ready = False
    await room.arrive(message("睡不着"))
    await room.passes(3)
    assert room.bot.texts(PERSON) == [f"我在听，……\n\n{TEXTS.wait_engine}"]
    engine.is_ready = True
    await room.passes(15)
    assert room.bot.texts(PERSON) == [ANSWER]
    assert (await room.storage.turns.get(1)).answer == ANSWER


async def test_one_bad_answer_of_a_living_engine_is_made_anew_and_holds_up_nobody(room, engine):
    engine.will("我在听，", GONE)
    await room.arrive(message("睡不着"))
    await room.passes(0.5)
    await room.arrive(message("在吗", person=OTHER))
    await room.passes(0.4)
    assert room.bot.texts(OTHER) == [ANSWER]
    await room.passes(3)
    assert room.bot.texts(PERSON) == [ANSWER]
    assert TEXTS.wait_engine not in " ".join(text for _, text in room.methods())


async def test_a_turn_that_fails_again_waits_for_a_sign_of_life(room, engine):
    engine.will(GONE)
    engine.will(lambda: setattr(engine, "is_ready", False), GONE)
    await room.arrive(message("睡不着"))
    await room.passes(3)
    assert room.bot.texts(PERSON) == [TEXTS.wait_engine]
    assert len(engine.prompts) == 2
    engine.is_ready = True
    await room.passes(15)
    assert room.bot.texts(PERSON) == [ANSWER]


async def test_an_engine_that_does_not_come_back_ends_in_an_apology_and_a_button(room, no_engine):
    await room.arrive(message("睡不着"))
    await room.passes(ENGINE_PATIENCE - 1)
    assert room.bot.texts(PERSON) == [TEXTS.wait_engine]
    await room.passes(2)
    assert room.bot.texts(PERSON) == [TEXTS.error_retry]
    assert await room.turns() == [("failed", "EngineUnavailable")]
    no_engine.is_ready = True
    [retry] = room.buttons()
    await room.arrive(press(retry))
    await room.passes(15)
    assert room.bot.texts(PERSON) == [ANSWER]


async def test_nobody_asks_an_engine_that_is_known_to_be_away(room, no_engine):
    await room.arrive(message("睡不着"))
    await room.passes(30)
    await room.arrive(message("你好", person=OTHER))
    await room.passes(1)
    assert room.bot.texts(OTHER) == [TEXTS.wait_engine]
    assert len(no_engine.prompts) == 1


async def test_one_turn_finds_out_whether_the_engine_is_back_and_then_all_go(room, no_engine):
    people = list(range(PERSON, PERSON + 20))
    for person in people:
        await room.arrive(message("睡不着", person=person))
    await room.passes(60)
    asked = len(no_engine.prompts)
    trial = asyncio.Event()
    no_engine.will(trial, ANSWER)
    no_engine.is_ready = True
    while len(no_engine.prompts) == asked:
        await room.passes(0.5)
    assert len(no_engine.prompts) == asked + 1
    trial.set()
    await room.passes(20)
    assert len(no_engine.prompts) == asked + len(people)
    # Behind the first answer of each stands the question about age.
    assert all(ANSWER in room.bot.texts(person)[-2:] for person in people)


@pytest.mark.parametrize("by", ["command", "button"])
async def test_a_waiting_turn_can_be_stopped(room, no_engine, by):
    await room.arrive(message("睡不着"))
    await room.passes(2)
    await room.arrive(message("/stop") if by == "command" else press(room.buttons()[0]))
    await room.passes(2)
    assert room.bot.texts(PERSON) == [TEXTS.stopped]
    assert await room.turns() == [("stopped", None)]


async def test_what_is_written_meanwhile_is_answered_next_and_commands_at_once(room, no_engine):
    await room.arrive(message("睡不着"))
    await room.passes(2)
    await room.arrive(message("你还在吗"))
    await room.arrive(message("/help"))
    await room.passes(5)
    assert room.bot.texts(PERSON) == [TEXTS.wait_engine, TEXTS.help.strip()]
    no_engine.is_ready = True
    await room.passes(20)
    assert [prompt[-1].content for prompt in no_engine.prompts] == ["睡不着", "睡不着", "你还在吗"]
    assert room.bot.texts(PERSON) == [ANSWER, TEXTS.help.strip(), ANSWER]


async def test_nobody_is_shown_as_typing_while_there_is_nothing_to_type(room, no_engine):
    await room.arrive(message("睡不着"))
    await room.passes(60)
    assert [call.method for call in room.bot.calls if call.chat_id == PERSON] == ["send"]


async def test_a_waiting_turn_is_handed_over_in_a_shutdown(open_room, no_engine):
    first = open_room()
    await first.arrive(message("睡不着"))
    await first.passes(5)
    await first.aclose()
    no_engine.is_ready = True
    second = open_room()
    await second.sweep()
    await second.passes(5)
    assert second.bot.texts(PERSON) == [ANSWER]


async def test_an_engine_that_hangs_is_away_after_two_time_outs(room, engine):
    engine.is_ready = False
    engine.will(SILENT)
    engine.will(SILENT)
    await room.arrive(message("睡不着"))
    await room.passes(2)
    assert room.bot.texts(PERSON) == [TEXTS.wait_engine]
    await room.arrive(message("你好", person=OTHER))
    await room.passes(1)
    assert room.bot.texts(OTHER) == [TEXTS.wait_engine]
    assert len(engine.prompts) == 2


async def test_a_turn_that_alone_runs_into_time_outs_is_given_up(room, engine):
    for _ in range(MAX_TIMEOUTS_OF_A_TURN):
        engine.will(room.breaker.record_answer, SILENT)  # somebody else is answered in between
    await room.arrive(message("睡不着"))
    await room.passes(5)
    assert room.bot.texts(PERSON) == [TEXTS.error_retry]
    assert len(engine.prompts) == MAX_TIMEOUTS_OF_A_TURN
    assert room.buttons() == ["redo:1"]


async def test_the_place_in_the_line_is_told_once_and_again_half_way(room, engine):
    go_on = [asyncio.Event() for _ in range(3)]
    engine.will(8, go_on[0], 7, 6, 5, go_on[1], 4, 3, go_on[2], 2, 1, ANSWER)
    await room.arrive(message("睡不着"))
    await room.passes(2)
    told = [text for _, text in room.methods()]
    assert told == [TEXTS.wait_place(count=8)]
    go_on[0].set()
    await room.passes(3)
    assert [text for _, text in room.methods()] == told
    go_on[1].set()
    await room.passes(3)
    assert [text for _, text in room.methods()][-1] == TEXTS.wait_place(count=4)
    go_on[2].set()
    await room.passes(10)
    assert room.bot.texts(PERSON) == [ANSWER]


async def test_who_waits_for_a_moment_only_hears_nothing_of_it(room, engine):
    engine.will(3, 2, 1, ANSWER)
    await room.arrive(message("睡不着"))
    await room.passes(5)
    assert {text for _, text in room.methods()} == {ANSWER}


async def test_an_engine_whose_line_is_full_is_asked_again(room, engine):
    for _ in range(3):
        engine.will(EngineOverloaded("full"))
    await room.arrive(message("睡不着"))
    await room.passes(2)
    assert room.bot.texts(PERSON) == [TEXTS.wait_long]
    await room.passes(20)
    assert room.bot.texts(PERSON) == [ANSWER]


async def test_a_stop_asked_of_another_replica_is_seen_at_the_next_heartbeat(room, engine):
    engine.will("我在听，", asyncio.Event())
    await room.arrive(message("睡不着"))
    await room.passes(2)
    assert await room.storage.turns.request_stop(PERSON)
    room.maintenance.start()
    await room.passes(6)
    await room.maintenance.stop()
    assert room.bot.texts(PERSON) == [f"我在听，\n\n{TEXTS.stopped_suffix}"]


async def test_a_stop_told_by_another_replica_is_obeyed_at_once(room, engine):
    engine.will("我在听，", asyncio.Event())
    await room.arrive(message("睡不着"))
    await room.passes(2)
    room.maintenance.handle(Notification("stop", 2))
    await room.passes(1)
    assert room.bot.texts(PERSON) == ["我在听，"]
    room.maintenance.handle(Notification("stop", 1))
    await room.passes(1)
    assert room.bot.texts(PERSON) == [f"我在听，\n\n{TEXTS.stopped_suffix}"]


async def test_a_turn_that_was_stopped_before_it_was_taken_over_is_not_answered(open_room, engine):
    first = open_room()
    engine.will("我在听，", asyncio.Event())
    await first.arrive(message("睡不着"))
    await first.passes(2)
    await first.aclose()
    second = open_room()
    await second.arrive(message("/stop"))
    await second.sweep()
    await second.passes(2)
    assert second.bot.texts(PERSON) == [TEXTS.stopped]
    assert await second.turns() == [("stopped", None)]
    assert len(engine.prompts) == 1


@pytest.mark.parametrize("turn_id", [None, 1])
async def test_a_stop_without_the_database_stops_what_runs_here(
    room, engine, database_switch, turn_id
):
    engine.will("我在听，", asyncio.Event())
    await room.arrive(message("睡不着"))
    await room.passes(2)
    database_switch.is_away = True
    assert await room.running_turns.stop(PERSON, turn_id)
    await room.passes(1)
    assert room.bot.texts(PERSON) == [f"我在听，\n\n{TEXTS.stopped_suffix}"]


@pytest.mark.parametrize("by", ["command", "button"])
async def test_a_stop_that_cannot_ask_elsewhere_says_so_kindly(room, monkeypatch, by):
    async def away(*_):
        raise StorageError("away")

    monkeypatch.setattr(room.storage.turns, "request_stop", away)
    await room.arrive(message("/stop") if by == "command" else press("stop:1"))
    await room.passes(2)
    toasts = [call.text for call in room.bot.calls if call.method == "callback"]
    assert [*room.bot.texts(PERSON), *toasts] == [TEXTS.stop_unsure]


async def test_chats_beyond_the_limit_wait_and_are_taken_when_there_is_room(open_room, engine):
    room = open_room(at_once=2)
    hold = asyncio.Event()
    engine.will(hold, ANSWER)
    engine.will(hold, ANSWER)
    for person in range(PERSON, PERSON + 5):
        await room.arrive(message("睡不着", person=person))
    await room.passes(2)
    assert len(engine.prompts) == 2
    assert room.scheduler.is_saturated
    hold.set()
    for _ in range(4):
        await room.passes(2)
        await room.sweep()
    assert await room.turns() == [("answered", None)] * 5
    assert room.work_wanted.is_set()


async def test_who_waits_longest_for_room_is_taken_first_however_many_arrive(open_room, engine):
    room = open_room(at_once=2)
    stream = engine.stream

    async def slow(*arguments, **options):
        await room.clock.sleep(0.4)
        async for piece in stream(*arguments, **options):
            yield piece

    engine.stream = slow
    room.maintenance.start()
    arrived = [str(number) for number in range(40)]
    for number, text in enumerate(arrived):
        await room.arrive(message(text, person=PERSON + number))
        await room.passes(0.1)
    await room.passes(60)
    await room.maintenance.stop()
    assert [prompt[-1].content for prompt in engine.prompts] == arrived


async def test_one_who_never_pauses_keeps_no_room_from_those_who_wait(open_room, engine):
    room = open_room(at_once=1)
    hold = asyncio.Event()
    engine.will(hold, ANSWER)
    await room.arrive(message("一", person=OTHER))
    await room.arrive(message("睡不着"))
    await room.arrive(message("二", person=OTHER))
    hold.set()
    for _ in range(6):
        await room.passes(5)
        await room.sweep()
    said = [prompt[-1].content for prompt in engine.prompts]
    assert said == ["一", "睡不着", "二"]


async def test_who_is_beyond_what_all_replicas_can_do_hears_it_once_with_a_place(
    open_room, no_engine
):
    room = open_room(at_once=1)
    for person in (PERSON, OTHER, ADMIN):
        await room.arrive(message("睡不着", person=person))
    for _ in range(3):
        await room.sweep()
        await room.passes(5)
    assert room.bot.texts(OTHER) == [TEXTS.wait_place(count=1)]
    assert room.bot.texts(ADMIN) == [TEXTS.wait_place(count=2)]
