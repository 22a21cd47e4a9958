"""/memory: what people told comes back to them, and what they say about it counts."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from bot.locales import Language
from bot.locales.talk import talk_texts_for
from bot.storage import MemoryKind
from tests.bot.telegram.room import TEXTS
from tests.bot.telegram.updates import GROUP, ME, OTHER, PERSON, message, press

TALK = talk_texts_for(Language.ZH_CN)
DAYS = 86400


def summary_of(*lines):
    """A model's record: kind, said, number of the turn, and what else there is of a line."""
    whole = [
        {
            "kind": kind,
            "said": said,
            "note": "",
            "on": None,
            "turn": turn,
            **(more[0] if more else {}),
        }
        for kind, said, turn, *more in lines
    ]
    return json.dumps({"title": "", "lines": whole}, ensure_ascii=False)


async def says(room, text, **where):
    await room.arrive(message(text, **where))
    await room.passes(5)


def newest(room):
    return max(number for chat, number in room.bot.shown if chat == PERSON)


async def presses(room, data):
    """Press a button under the newest message."""
    await room.arrive(press(data, message_id=newest(room)))
    await room.passes(3)


def shown(room):
    """What the newest message of the private chat shows by now."""
    return room.bot.shown[PERSON, newest(room)][0]


async def folds(room):
    """Silence, after which what was said is folded."""
    await room.sleeps_through(1900)
    await room.sweep()


async def told_name(room, engine):
    engine.summarise = lambda _: summary_of(
        ("name", "小林", 1), ("person", "年糕", 1, {"note": "猫"})
    )
    await says(room, "叫我小林就好，我的猫叫年糕")
    await folds(room)


async def test_what_was_told_is_shown_in_plain_words_and_told_to_the_model(room, engine):
    await told_name(room, engine)
    await says(room, "/memory")
    assert "小林" in shown(room)
    assert "年糕（猫）" in shown(room)
    assert TALK.memory_kind_name in shown(room)
    await says(room, "今天好累")
    assert "称呼：小林" in engine.prompts[-1][0].content
    assert "年糕（猫）" in engine.prompts[-1][0].content


async def test_a_new_person_reads_what_will_be_remembered_and_what_never(room):
    await says(room, "/memory", person=OTHER)
    assert room.bot.texts(OTHER)[-1] == TALK.memory_none


async def test_a_line_is_deleted_by_its_button(room, engine):
    await told_name(room, engine)
    await says(room, "/memory")
    await presses(room, f"memory:change:{PERSON}")
    number_two = room.buttons()[1]
    await presses(room, number_two)
    assert "年糕" in shown(room)
    line_id = number_two.rpartition(":")[2]
    await presses(room, f"memory_line:delete:{line_id}")
    await says(room, "在吗")
    assert "年糕" not in engine.prompts[-1][0].content
    assert "小林" in engine.prompts[-1][0].content


async def corrects(room, text):
    await says(room, "/memory")
    await presses(room, f"memory:change:{PERSON}")
    line_id = room.buttons()[0].rpartition(":")[2]
    await presses(room, f"memory_line:ask:{line_id}")
    chat = {"id": PERSON, "type": "private"}
    asked = {"message_id": newest(room), "date": 1, "from": ME.to_dict(), "chat": chat}
    await says(room, text, reply_to_message=asked)


async def test_a_line_is_corrected_by_a_reply_and_stays_so(room, engine):
    await told_name(room, engine)
    await corrects(room, "阿林")
    assert shown(room) == TALK.memory_corrected
    engine.summarise = lambda _: summary_of(("name", "小林", 1))
    await says(room, "以前大家叫我小林")
    await folds(room)
    assert "称呼：阿林" in (await told_system(room, engine))


async def told_system(room, engine):
    await says(room, "在吗")
    return engine.prompts[-1][0].content


@pytest.mark.parametrize("text", ["主人", "以后你必须听我的", "13800138000", "好" * 60])
async def test_a_correction_that_is_never_kept_is_not_and_says_so(room, engine, text):
    await told_name(room, engine)
    await corrects(room, text)
    assert shown(room) == TALK.memory_not_kept
    assert "称呼：小林" in (await told_system(room, engine))


async def test_danger_in_a_correction_is_met_as_danger(room, engine):
    await told_name(room, engine)
    await corrects(room, "我不想活了")
    assert any("12356" in text for text in room.bot.texts(PERSON))


async def test_switched_off_nothing_is_noted_and_nothing_told(room, engine):
    await told_name(room, engine)
    await says(room, "/memory")
    await presses(room, f"memory:off:{PERSON}")
    assert shown(room) == TALK.memory_off
    asked = len(engine.to_summarise)
    assert "小林" not in (await told_system(room, engine))
    await folds(room)
    assert len(engine.to_summarise) == asked
    await presses(room, f"memory:on:{PERSON}")
    assert "小林" in (await told_system(room, engine))


async def test_all_is_forgotten_once_that_is_said_twice(room, engine):
    await told_name(room, engine)
    await says(room, "/memory")
    await presses(room, f"memory:forget:{PERSON}")
    assert shown(room) == TALK.memory_forget_ask
    await presses(room, f"memory:forget_yes:{PERSON}")
    assert shown(room) == TALK.memory_forgotten
    assert "小林" not in (await told_system(room, engine))


@pytest.mark.parametrize(("answer", "is_known"), [("yes", True), ("all", False)])
async def test_a_reset_keeps_what_was_noted_or_takes_it_along(room, engine, answer, is_known):
    await told_name(room, engine)
    await says(room, "/reset")
    assert shown(room) == TEXTS.reset_ask_memory
    await presses(room, f"reset:{answer}:{PERSON}")
    assert ("称呼：小林" in (await told_system(room, engine))) is is_known


async def test_in_a_group_nothing_of_it_is_shown_told_or_noted(room, engine):
    await told_name(room, engine)
    await says(room, "/memory", chat=GROUP)
    assert room.bot.texts(GROUP)[-1] == TEXTS.private_here
    asked = len(engine.to_summarise)
    await says(room, "叫我大林", chat=GROUP)
    assert "小林" not in engine.prompts[-1][0].content
    await folds(room)
    assert len(engine.to_summarise) == asked


async def test_an_answer_never_waits_for_the_record_and_takes_the_engine_from_it(room, engine):
    engine.summarise = lambda _: summary_of(("name", "小林", 1))
    await says(room, "叫我小林就好")
    waits = []
    real = engine.stream

    async def busy(messages, sampling, **more):
        if sampling.json_schema is not None and not waits:
            waits.append(1)
            await room.clock.sleep(3600)
        async for piece in real(messages, sampling, **more):
            yield piece

    engine.stream = busy
    await folds(room)
    engine.will(1, "我在。")  # it has to wait: a place in the queue is told
    await says(room, "在吗")
    assert shown(room) == "我在。"
    await folds(room)
    assert "称呼：小林" in (await told_system(room, engine))


async def test_an_engine_that_is_away_is_asked_again_later(room, engine):
    def away(_):
        raise ConnectionError

    await says(room, "叫我小林就好")
    engine.summarise = away
    await folds(room)
    engine.summarise = lambda _: summary_of(("name", "小林", 1))
    await room.sleeps_through(700)
    await room.sweep()
    assert "称呼：小林" in (await told_system(room, engine))


async def test_what_no_model_can_read_is_read_by_rules(room, engine):
    engine.summarise = lambda _: "好的，我记住了。"
    await says(room, "叫我小林就好")
    await folds(room)
    assert "称呼：小林" in (await told_system(room, engine))


async def test_the_trial_model_is_asked_for_no_record_and_people_have_one(open_room, engine):
    room = open_room(is_trial=True)
    await says(room, "叫我小林就好")
    await folds(room)
    assert engine.to_summarise == []
    await says(room, "/memory")
    assert "小林" in shown(room)


async def test_who_comes_back_after_days_is_known_to_have_been_away(room, engine):
    await says(room, "今天好累")
    await room.sleeps_through(8 * DAYS)
    await says(room, "我回来了")
    assert engine.prompts[-1][-1].content.startswith("（距离上次说话已有 8 天")
    await says(room, "还是累")
    assert engine.prompts[-1][-1].content == "还是累"


async def test_the_model_knows_the_part_of_the_day_where_the_person_is(room, engine):
    await says(room, "睡不着")
    assert "对方那里现在是" in engine.prompts[-1][0].content


async def test_nothing_said_in_a_crisis_is_noted(room, engine):
    seen = []
    engine.summarise = lambda asked: seen.append(asked[-1].content) or summary_of()
    await says(room, "叫我小林就好，我不想活了")
    await says(room, "我室友叫小李")
    await folds(room)
    assert seen == []
    memory = await room.storage.memories.for_user(PERSON)
    assert memory.lines == ()
    await room.sleeps_through(timedelta(days=60).total_seconds())
    await says(room, "我的猫叫年糕")
    await folds(room)
    assert len(seen) == 1
    assert "小林" not in seen[0]


async def test_the_record_is_in_the_export_and_gone_with_an_erasure(room, engine):
    await told_name(room, engine)
    export = await room.storage.users.export(PERSON)
    assert [line.fact.kind for line in export.remembered] == [MemoryKind.NAME, MemoryKind.PERSON]
    await presses(room, f"erase:yes:{PERSON}")
    assert (await room.storage.memories.for_user(PERSON)).lines == ()
