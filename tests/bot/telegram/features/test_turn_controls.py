"""Another answer by the button under the last one."""

from __future__ import annotations

from inference.engine import EngineRejected
from tests.bot.telegram.room import TEXTS
from tests.bot.telegram.scripted_engine import ANSWER
from tests.bot.telegram.talks import talked, toasts
from tests.bot.telegram.updates import GROUP, OTHER, PERSON, press


async def test_a_turn_of_another_chat_cannot_be_made_again(room, engine):
    await talked(room)
    await talked(room, chat=GROUP)
    await room.arrive(press("redo:1", chat=GROUP, person=OTHER))
    await room.passes(5)
    assert toasts(room) == [TEXTS.redo_not_last]
    assert len(engine.prompts) == 2


async def test_another_answer_comes_in_the_same_message(room, engine):
    await talked(room)
    engine.will("换个说法。")
    redo, *_ = room.buttons()
    await room.arrive(press(redo))
    await room.passes(5)
    assert room.bot.texts(PERSON) == ["换个说法。"]
    assert ANSWER not in str(engine.prompts[-1])
    assert toasts(room) == [None]


def keyboard(room, message_id=1):
    markup = room.bot.shown[PERSON, message_id][1]
    rows = markup.inline_keyboard if markup else ()
    return [(button.text, button.callback_data) for row in rows for button in row]


async def presses(room, data, message_id=1):
    await room.arrive(press(data, message_id=message_id))
    await room.passes(5)


async def with_three_versions(room, engine):
    await talked(room)
    for answer in ("第二版。", "第三版。"):
        engine.will(answer)
        await presses(room, "redo:1")


async def test_versions_are_kept_and_paged(room, engine):
    await with_three_versions(room, engine)
    assert keyboard(room)[-2:] == [("‹", "page:1:2"), ("3/3", "page:1:3")]
    await presses(room, "page:1:2")
    assert room.bot.texts(PERSON) == ["第二版。"]
    assert keyboard(room)[-3:] == [("‹", "page:1:1"), ("2/3", "page:1:2"), ("›", "page:1:3")]
    await presses(room, "page:1:1")
    assert room.bot.texts(PERSON) == [ANSWER]
    await presses(room, "page:1:3")
    assert room.bot.texts(PERSON) == ["第三版。"]


async def test_the_version_that_is_shown_is_what_was_said(room, engine):
    await with_three_versions(room, engine)
    await presses(room, "page:1:1")
    await talked(room)
    assert engine.prompts[-1][-2].content == ANSWER


async def test_one_more_version_comes_behind_all_whichever_is_shown(room, engine):
    await with_three_versions(room, engine)
    await presses(room, "page:1:1")
    engine.will("第四版。")
    await presses(room, "redo:1")
    assert keyboard(room)[-1] == ("4/4", "page:1:4")
    await presses(room, "page:1:3")
    assert room.bot.texts(PERSON) == ["第三版。"]


async def test_versions_outlive_the_process_and_go_out_with_the_export(open_room, engine):
    room = open_room()
    await with_three_versions(room, engine)
    await room.aclose()
    again = open_room()
    await presses(again, "page:1:2")
    assert again.bot.texts(PERSON) == ["第二版。"]
    export = await again.storage.users.export(PERSON)
    assert {version.text for version in export.versions} == {ANSWER, "第三版。"}
    await again.storage.users.erase(PERSON)
    assert (await again.storage.users.export(PERSON)).versions == ()


async def test_a_page_that_is_not_there_or_not_of_the_last_answer_says_so(room, engine):
    await with_three_versions(room, engine)
    await presses(room, "page:1:9")
    assert toasts(room)[-1] == TEXTS.redo_not_last
    await talked(room)
    await presses(room, "page:1:1")
    assert toasts(room)[-1] == TEXTS.redo_not_last
    assert room.bot.shown[PERSON, 1][0] == "第三版。"


async def test_the_buttons_of_an_older_answer_are_taken_away(room):
    await talked(room)
    assert keyboard(room) != []
    await talked(room)
    assert keyboard(room) == []
    assert keyboard(room, 2) != []


async def test_a_page_back_is_there_where_another_try_failed(room, engine):
    await talked(room)
    engine.will(EngineRejected("no"))
    engine.will(EngineRejected("no"))
    await presses(room, "redo:1")
    assert [data for _, data in keyboard(room)] == ["page:1:1", "redo:1"]
    await presses(room, "page:1:1")
    assert room.bot.texts(PERSON) == [ANSWER]
