"""/exercises: its menu, what is read page by page, and where one is offered."""

from __future__ import annotations

import pytest

from bot.telegram.features.exercises.catalog import PAGES, Exercise, text_of
from bot.telegram.features.exercises.offers import EVERY, exercise_for
from tests.bot.telegram.features.exercises.conftest import WORDS
from tests.bot.telegram.updates import GROUP, PERSON, message


async def test_the_menu_opens_each_exercise_with_what_it_is(trainee):
    await trainee.types("/exercises")
    assert trainee.sees == WORDS.menu
    for exercise in Exercise:
        await trainee.presses(f"ex:open:{exercise}")
        await trainee.room.passes(3)
        assert trainee.sees == text_of(WORDS, "intro", exercise)
        await trainee.presses("ex:menu")
        await trainee.room.passes(3)


async def test_the_words_for_it_open_it_too(trainee):
    await trainee.types("呼吸练习")
    assert trainee.sees == WORDS.menu
    assert trainee.asked_the_model == 0


@pytest.mark.parametrize(("exercise", "pages"), PAGES.items())
async def test_pages_turn_in_one_message(trainee, exercise, pages):
    await trainee.opens(exercise)
    shown_in = trainee.newest
    for number in range(1, pages + 1):
        await trainee.presses(f"ex:page:{exercise}:{number}")
        await trainee.room.passes(3)
        assert trainee.sees == f"{number}/{pages} · {text_of(WORDS, 'page', exercise, number)}"
    assert trainee.buttons == ["ex:menu"]
    await trainee.presses(f"ex:page:{exercise}:{pages + 1}")
    assert trainee.newest == shown_in


async def test_who_is_in_danger_reads_first_whom_to_call(trainee):
    await trainee.types("我不想活了")
    await trainee.room.passes(5)
    await trainee.types("/exercises")
    assert trainee.sees == f"{WORDS.menu_in_danger}\n\n{WORDS.menu}"


@pytest.mark.parametrize(
    ("said", "exercise"),
    [
        ("我心跳好快", Exercise.BREATH_BOX),
        ("現在心跳得好快，喘不過氣", Exercise.BREATH_BOX),
        ("好慌啊怎么办", Exercise.BREATH_BOX),
        ("My heart is racing", Exercise.BREATH_BOX),
        ("又睡不着了", Exercise.SLEEP),
        ("失眠一周了", Exercise.SLEEP),
        ("I can’t sleep again", Exercise.SLEEP),
        ("周围都不真实", Exercise.GROUNDING),
        ("老是胡思乱想", Exercise.WORRY),
        ("今天下雨", None),
        ("我现在不心慌了", None),
        ("最近没失眠", None),
        ("", None),
    ],
)
def test_an_exercise_fits_what_was_said(said, exercise):
    assert exercise_for(said) is exercise


async def test_it_is_offered_under_the_answer_once_in_some_hours(trainee):
    async def says(text):
        await trainee.types(text)
        await trainee.room.passes(10)
        return [data for data in trainee.buttons if data.startswith("ex:")]

    assert await says("我又睡不着") == ["ex:offer:sleep"]
    answered_in = trainee.newest
    assert await says("还是睡不着") == []
    await trainee.presses("ex:offer:sleep", message_id=answered_in)
    assert trainee.newest > answered_in
    assert trainee.sees == WORDS.intro_sleep
    await trainee.room.sleeps_through(EVERY)
    assert await says("今晚又睡不着") == ["ex:offer:sleep"]


async def test_it_is_never_offered_with_danger_nor_in_a_group(trainee):
    await trainee.types("睡不着，不想活了")
    await trainee.room.passes(10)
    await trainee.types("心跳好快")
    await trainee.room.passes(10)
    await trainee.room.arrive(message("心跳好快", chat=GROUP))
    await trainee.room.passes(10)
    for _, keyboard, *_ in trainee.room.bot.shown.values():
        rows = keyboard.inline_keyboard if keyboard else ()
        data = [button.callback_data or "" for row in rows for button in row]
        assert not any(one.startswith("ex:") for one in data)
    assert PERSON in {chat for chat, _ in trainee.room.bot.shown}
