"""Another answer by the button under the last one."""

from __future__ import annotations

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
