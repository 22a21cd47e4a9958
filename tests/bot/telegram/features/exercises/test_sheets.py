"""What people write in exercises: theirs alone, kept if they want, thrown away if not."""

from __future__ import annotations

import json

import pytest

from bot.locales import Language
from bot.locales.plan import plan_texts_for
from bot.storage import DatabaseUnavailable
from bot.telegram.features.exercises.catalog import FORMS, MAX_LINE, Exercise
from bot.telegram.features.exercises.keyboards import parse_exercise
from tests.bot.telegram.features.exercises.conftest import WORDS
from tests.bot.telegram.room import TEXTS
from tests.bot.telegram.updates import GROUP, PERSON, edit, message, press

PLAN = plan_texts_for(Language.ZH_CN)
THOUGHT = ("开会时我说错了一个数", "大家都觉得我很笨")
MORE = ("确实说错了", "没人提起这件事", "说错一个数，不等于笨")


async def sheet(trainee):
    return await trainee.room.storage.exercises.open_for(PERSON)


async def test_a_thought_is_written_rated_and_kept_and_no_model_reads_it(trainee):
    await trainee.begins("thought")
    await trainee.writes(*THOUGHT)
    assert WORDS.ask_thought_before in trainee.sees
    await trainee.clicks("ex:rate:before:8")
    await trainee.writes(*MORE)
    await trainee.clicks("ex:rate:after:4")
    assert WORDS.changed(before=8, after=4) in trainee.sees
    assert all(line in trainee.sees for line in (*THOUGHT, *MORE))
    await trainee.clicks("ex:keep")
    assert trainee.sees == WORDS.kept
    await trainee.clicks("ex:menu")
    assert "ex:kept" in trainee.buttons
    await trainee.clicks("ex:kept")
    (look,) = [data for data in trainee.buttons if data.startswith("ex:look")]
    await trainee.clicks(look)
    assert THOUGHT[1] in trainee.sees
    await trainee.clicks(look.replace("look", "drop"))
    assert trainee.sees == WORDS.tossed
    assert await trainee.room.storage.exercises.kept(PERSON) == []
    assert trainee.asked_the_model == 0
    assert await trainee.room.turns() == []


@pytest.mark.parametrize("exercise", [Exercise.WORRY, Exercise.GOOD])
async def test_what_is_thrown_away_leaves_nothing(trainee, exercise):
    await trainee.begins(exercise)
    await trainee.writes(*("下雨时有人借我伞", "面很好吃", "早睡了一点"))
    assert trainee.buttons == ["ex:keep", "ex:toss"]
    await trainee.clicks("ex:toss")
    assert trainee.sees == WORDS.tossed
    assert (await trainee.room.storage.users.export(PERSON)).sheets == ()
    await trainee.clicks("ex:keep")
    assert trainee.sees == WORDS.tossed


async def test_every_step_can_be_skipped_by_a_button_or_a_word(trainee):
    await trainee.begins("good")
    await trainee.clicks("ex:skip:one")
    await trainee.writes("跳过")
    assert WORDS.ask_good_three in trainee.sees
    await trainee.writes("想不到")
    assert trainee.sees == WORDS.end_good


async def test_two_taps_and_old_buttons_skip_once(trainee):
    await trainee.begins("good")
    asked = trainee.newest
    for _ in range(2):
        await trainee.clicks("ex:skip:one", message_id=asked)
    assert (await sheet(trainee)).step == "two"
    await trainee.clicks("ex:rate:before:3", message_id=asked)
    assert (await sheet(trainee)).before is None


async def test_danger_is_no_line_its_card_comes_and_the_sheet_waits(trainee):
    await trainee.begins("thought")
    asked = trainee.newest
    await trainee.writes("我不想活了")
    assert (await sheet(trainee)).lines == {}
    assert any("12356" in text for _, text in trainee.room.methods())
    await trainee.writes("嗯")
    assert (await sheet(trainee)).lines == {}
    buttons = trainee.room.bot.shown[PERSON, asked][1].inline_keyboard
    assert buttons[0][0].callback_data == "ex:resume"
    await trainee.clicks("ex:resume")
    assert WORDS.ask_thought_what in trainee.sees


async def test_who_stops_goes_on_later_and_talk_between_is_talk(trainee):
    await trainee.begins("worry")
    await trainee.writes("房租")
    await trainee.clicks("ex:leave")
    assert trainee.sees == WORDS.left
    await trainee.writes("我想说说今天")
    assert trainee.asked_the_model == 1
    await trainee.opens("worry")
    assert "ex:resume" in trainee.buttons
    await trainee.clicks("ex:resume")
    assert WORDS.ask_worry_small in trainee.sees
    await trainee.writes("停")
    assert trainee.sees == WORDS.left
    assert (await sheet(trainee)).lines == {"what": ("房租",)}


async def test_a_question_an_hour_old_is_forgotten_and_what_is_written_is_talk(trainee):
    await trainee.begins("good")
    await trainee.room.sleeps_through(2 * 3600)
    await trainee.writes("今天好累")
    assert trainee.asked_the_model == 1
    assert (await sheet(trainee)).lines == {}


async def test_an_edit_changes_its_line_and_a_picture_is_none(trainee):
    await trainee.begins("good")
    typed = await trainee.types("喝到热水")
    await trainee.room.passes(5)
    await trainee.room.arrive(edit(typed, "喝到了热豆浆"))
    await trainee.room.passes(5)
    assert (await sheet(trainee)).lines == {"one": ("喝到了热豆浆",)}
    await trainee.room.arrive(
        message(photo=[{"file_id": "s", "file_unique_id": "u", "width": 1, "height": 1}])
    )
    await trainee.room.passes(5)
    assert (await sheet(trainee)).step == "two"


async def test_a_line_too_long_is_told_and_not_kept(trainee):
    await trainee.begins("good")
    await trainee.writes("好" * (MAX_LINE + 1))
    assert trainee.sees == WORDS.too_long
    assert (await sheet(trainee)).lines == {}
    await trainee.writes("好" * MAX_LINE)
    assert (await sheet(trainee)).step == "two"


async def test_a_sentence_of_need_is_kept_and_met(trainee):
    await trainee.begins("thought")
    await trainee.writes("开会", "我活着有什么意义")
    assert trainee.sees.startswith(WORDS.in_need)


async def test_one_thing_is_asked_at_a_time(trainee):
    await trainee.begins("good")
    await trainee.types("/plan")
    await trainee.clicks("plan:ask:signs")
    await trainee.writes("睡不着")
    assert (await trainee.room.storage.safety_plans.for_user(PERSON)).lines
    assert (await sheet(trainee)).lines == {}
    await trainee.opens("good")
    await trainee.clicks("ex:resume")
    await trainee.writes("睡了个午觉")
    assert (await sheet(trainee)).lines == {"one": ("睡了个午觉",)}


async def test_a_database_that_fails_loses_no_line(trainee):
    await trainee.begins("good")
    write = trainee.room.storage.exercises.write

    async def fails_once(*_arguments, **_more):
        trainee.room.storage.exercises.write = write
        raise DatabaseUnavailable("away")

    object.__setattr__(trainee.room.storage.exercises, "write", fails_once)
    await trainee.types("热豆浆")
    await trainee.room.passes(60)
    await trainee.room.sweep()
    await trainee.room.passes(5)
    assert (await sheet(trainee)).lines == {"one": ("热豆浆",)}


async def test_what_is_left_open_is_thrown_away_behind_a_day(trainee):
    await trainee.begins("good")
    await trainee.writes("热豆浆")
    await trainee.room.sleeps_through(25 * 3600)
    await trainee.room.storage.exercises.purge()
    assert await sheet(trainee) is None
    await trainee.clicks("ex:skip:two")
    await trainee.clicks("ex:resume")
    await trainee.clicks("ex:leave")
    assert WORDS.left not in [text for _, text in trainee.room.methods()]


async def test_it_goes_out_with_the_export_and_away_with_the_erasure_in_the_middle(trainee):
    await trainee.begins("good")
    await trainee.writes("热豆浆")
    await trainee.types("/export")
    await trainee.room.passes(5)
    (document,) = [call for call in trainee.room.bot.calls if call.method == "document"]
    exported = json.loads(document.details["document"])["exercises"]
    assert [one["lines"] for one in exported] == [{"one": ["热豆浆"]}]
    await trainee.room.arrive(press(f"erase:yes:{PERSON}", message_id=trainee.newest))
    await trainee.room.passes(5)
    assert await sheet(trainee) is None
    await trainee.writes("第二件")
    assert trainee.asked_the_model == 1


async def test_in_a_group_only_the_way_to_the_private_chat_is_shown(room):
    await room.arrive(message("/exercises", chat=GROUP))
    assert [text for _, text in room.methods(GROUP)] == [TEXTS.private_here]
    await room.arrive(press("ex:begin:good", chat=GROUP))
    assert await room.storage.exercises.open_for(PERSON) is None


@pytest.mark.parametrize(
    "data", ["", "x", "open:flying", "rate:before:11", "rate:before:-1", "page:sleep", "look:x"]
)
def test_data_of_no_button_is_refused(data):
    with pytest.raises(ValueError):  # noqa: PT011 - any will do: the router asks for no more
        parse_exercise(data.split(":"))


@pytest.mark.parametrize("language", Language)
def test_every_step_has_its_words(language):
    from bot.locales.exercises import exercise_texts_for
    from bot.telegram.features.exercises.catalog import text_of

    texts = exercise_texts_for(language)
    for exercise, steps in FORMS.items():
        for step in steps:
            assert text_of(texts, "ask", exercise, step.name)
            assert step.rates or text_of(texts, "label", exercise, step.name)
