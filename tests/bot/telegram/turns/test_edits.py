"""Who edits a message before its answer has begun is answered as if they had written that."""

from __future__ import annotations

import asyncio

import pytest

from bot.locales import Language
from bot.safety import RiskLevel, card
from bot.storage import Notification
from bot.telegram.outbound.rendering import render
from inference.engine import EngineUnavailable
from tests.bot.telegram.scripted_engine import ANSWER
from tests.bot.telegram.updates import PERSON, edit, message

WINDOW = 1.2


def asked(engine):
    """What people had said, prompt by prompt."""
    return [prompt[-1].content for prompt in engine.prompts]


async def test_an_edit_while_the_burst_is_waited_for_replaces_the_words(open_room, engine):
    room = open_room(burst_window=WINDOW)
    said = message("睡不找")
    await room.arrive(said)
    await room.arrive(edit(said, "睡不着"))
    await room.passes(5)
    assert asked(engine) == ["睡不着"]
    assert room.bot.texts(PERSON) == [ANSWER]


async def test_an_edit_while_the_engine_is_away_is_what_is_answered(room, engine):
    engine.is_ready = False
    engine.will(EngineUnavailable("nothing answers"))
    said = message("睡不找")
    await room.arrive(said)
    await room.passes(3)
    [edited] = await room.arrive(edit(said, "睡不着"))
    engine.is_ready = True
    await room.passes(15)
    assert asked(engine) == ["睡不找", "睡不着"]
    assert room.bot.texts(PERSON) == [ANSWER]
    assert (await room.storage.turns.get(1)).user_text == "睡不着"
    assert await room.update(edited) == ("done", None)
    await room.arrive(message("还在吗"))
    assert [said.content for said in engine.prompts[-1][1:]] == ["睡不着", ANSWER, "还在吗"]


async def test_an_edit_in_the_line_and_another_are_taken_one_after_the_other(room, engine):
    engine.will(3, asyncio.Event())
    engine.will(4, asyncio.Event())
    said = message("睡不找")
    await room.arrive(said)
    await room.passes(2)
    await room.arrive(edit(said, "睡不走"))
    await room.arrive(edit(said, "睡不着"))
    await room.passes(5)
    assert asked(engine) == ["睡不找", "睡不走", "睡不着"]
    assert room.bot.texts(PERSON) == [ANSWER]
    assert len([method for method, _ in room.methods() if method == "send"]) == 1


async def test_an_edit_changes_its_own_part_of_a_burst(open_room, engine):
    room = open_room(burst_window=WINDOW)
    engine.will(asyncio.Event())
    first, second = message("睡不找"), message("心里乱")
    await room.arrive(first, second)
    await room.passes(5)
    await room.arrive(edit(first, "睡不着"))
    await room.passes(5)
    assert asked(engine)[-1] == "睡不着\n心里乱"


async def test_an_edit_after_the_first_word_lets_the_answer_end_and_is_answered_then(room, engine):
    more = asyncio.Event()
    engine.will("我在听，", more, "你说。")
    said = message("睡不着")
    await room.arrive(said)
    await room.passes(2)
    [late] = await room.arrive(edit(said, "当我没说"))
    engine.will("好的。")
    more.set()
    await room.passes(5)
    assert "我在听，你说。" in [text for _, text in room.methods()]
    assert room.bot.texts(PERSON) == ["好的。"]
    assert asked(engine) == ["睡不着", "当我没说"]
    assert await room.update(late) == ("done", None)


async def test_an_edit_of_something_older_is_not_said_anew(room, engine):
    old = message("昨天")
    await room.arrive(old)
    await room.passes(5)
    engine.will(asyncio.Event())
    await room.arrive(message("今天"))
    await room.arrive(edit(old, "前天"))
    await room.passes(5)
    assert set(asked(engine)) == {"昨天", "今天"}
    assert room.bot.texts(PERSON) == [ANSWER, ANSWER]


async def test_danger_in_an_edit_brings_its_card_and_reaches_the_prompt(room, engine):
    engine.will(asyncio.Event())
    said = message("我不想")
    await room.arrive(said)
    await room.arrive(edit(said, "我不想活了"))
    await room.passes(10)
    [shown] = render(card(RiskLevel.HIGH, Language.ZH_CN, is_minor=False))
    assert shown.text in room.bot.texts(PERSON)
    assert asked(engine)[-1] == "我不想活了"
    assert engine.prompts[-1][0].content != engine.prompts[0][0].content


async def test_an_edit_that_changes_nothing_brings_no_second_card(room):
    """Telegram sends one when a link's preview comes, or somebody reacts."""
    said = message("我不想活了")
    await room.arrive(said)
    await room.passes(10)
    await room.passes(5 * 86400)
    room.bot.calls.clear()
    await room.arrive(edit(said, "我不想活了"))
    await room.passes(10)
    assert room.bot.calls == []
    await room.arrive(edit(said, "我今晚就去跳楼"))
    await room.passes(10)
    assert room.bot.calls


async def test_who_takes_a_turn_over_takes_its_edits_too(open_room, engine):
    first = open_room()
    engine.will(asyncio.Event())
    said = message("睡不找")
    await first.arrive(said)
    await first.passes(3)
    await first.aclose()
    second = open_room()
    await second.arrive(edit(said, "睡不着"))
    await second.sweep()
    await second.passes(5)
    assert asked(engine) == ["睡不找", "睡不着"]
    assert second.bot.texts(PERSON) == [ANSWER]


@pytest.mark.parametrize("with_more", [False, True])
async def test_an_edit_that_reaches_another_replica_is_kept_for_the_one_that_answers(
    open_room, engine, with_more
):
    room, other = open_room(), open_room()
    engine.will(asyncio.Event())
    said = message("睡不找")
    await room.arrive(said)
    more = [message("在吗")] if with_more else []
    edited, *_ = await other.arrive(edit(said, "睡不着"), *more)
    assert await room.update(edited) == ("new", None)
    room.maintenance.handle(Notification("edited", 1))
    await room.passes(5)
    assert asked(engine) == ["睡不找", "睡不着", *with_more * ["在吗"]]
    assert room.bot.texts(PERSON) == (1 + with_more) * [ANSWER]


async def test_an_edit_that_cannot_be_read_now_costs_no_answer(room, engine, database_switch):
    engine.will(asyncio.Event())
    await room.arrive(message("睡不着"))
    await room.passes(2)
    database_switch.is_away = True
    room.maintenance.handle(Notification("edited", 1))
    await room.passes(30)
    database_switch.is_away = False
    await room.sweep()
    await room.passes(5)
    assert room.bot.texts(PERSON) == [ANSWER]


async def test_an_edit_of_what_was_answered_last_is_answered_anew_in_the_same_message(room, engine):
    said = message("我爸过世了，真好")
    await room.arrive(said)
    await room.passes(5)
    engine.will("节哀，我在。")
    await room.arrive(edit(said, "我爸过世了，真难"))
    await room.passes(5)
    assert asked(engine)[-1] == "我爸过世了，真难"
    assert room.bot.texts(PERSON) == ["节哀，我在。"]
    await room.arrive(message("谢谢你"))
    await room.passes(5)
    contents = [one.content for one in engine.prompts[-1][1:]]
    assert contents == ["我爸过世了，真难", "节哀，我在。", "谢谢你"]


async def test_one_message_of_a_burst_is_edited_in_its_place(open_room, engine):
    room = open_room(burst_window=3.0)
    first, second, third = message("睡不找"), message("已经三天了\n真的"), message("怎么办")
    await room.arrive(first, second, third)
    await room.passes(10)
    await room.arrive(edit(second, "已经五天了"))
    await room.passes(10)
    assert asked(engine)[-1] == "睡不找\n已经五天了\n怎么办"
    await room.arrive(edit(first, "我睡不着"))
    await room.passes(10)
    await room.arrive(edit(third, "怎么办呢"))
    await room.passes(10)
    assert asked(engine)[-1] == "我睡不着\n已经五天了\n怎么办呢"


async def test_an_edit_of_what_came_before_the_last_answer_changes_nothing(room, engine):
    old = message("睡不找")
    await room.arrive(old)
    await room.passes(5)
    await room.arrive(message("还在吗"))
    await room.passes(5)
    await room.arrive(edit(old, "睡不着"))
    await room.passes(5)
    assert len(engine.prompts) == 2


async def test_an_edit_that_changes_nothing_is_not_answered_anew(room, engine):
    said = message("睡不着")
    await room.arrive(said)
    await room.passes(5)
    await room.arrive(edit(said, "睡不着"))
    await room.passes(5)
    assert len(engine.prompts) == 1


async def test_an_edit_beyond_a_days_answers_is_not_answered_anew(open_room, engine):
    room = open_room(answers_per_day=1)
    said = message("睡不找")
    await room.arrive(said)
    await room.passes(5)
    await room.arrive(edit(said, "睡不着"))
    await room.passes(5)
    assert len(engine.prompts) == 1


async def test_an_edit_that_tells_of_danger_has_its_card_and_no_answer_of_before(room, engine):
    said = message("今天还行")
    await room.arrive(said)
    await room.passes(5)
    await room.arrive(edit(said, "今天就去跳楼"))
    await room.passes(10)
    assert any("12356" in text for text in room.bot.texts(PERSON))


async def test_an_edit_after_the_answer_outlives_a_process(open_room, engine):
    room = open_room()
    said = message("睡不找")
    await room.arrive(said)
    await room.passes(5)
    engine.will(asyncio.Event())
    await room.arrive(edit(said, "睡不着"))
    await room.passes(2)
    await room.aclose()
    second = open_room()
    engine.will("我在。")
    await second.sweep()
    await second.passes(5)
    assert second.bot.texts(PERSON) == ["我在。"]
