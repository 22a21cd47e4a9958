"""What a person sees, and what is kept, when the model says what nobody should read."""

from __future__ import annotations

import asyncio

import pytest
import structlog

from bot.locales import Language
from bot.safety import RiskLevel, card, instead_of
from bot.safety.guard import BlockReason
from bot.telegram.outbound.rendering import render
from inference.engine import EngineProtocolError
from tests.bot.telegram.room import TEXTS
from tests.bot.telegram.scripted_engine import ANSWER
from tests.bot.telegram.updates import PERSON, message, press

LEAD = "我听见了，今天很难吧。"
BAD = "实在难受的话，可以试试割腕，能缓解一点。"
DANGER = instead_of(BlockReason.METHOD, RiskLevel.NONE, Language.ZH_CN)


def shown(text):
    return [part.text for part in render(text)]


def ever_said(room):
    """Everything Telegram was told, previews included."""
    return "".join(text for _, text in room.methods())


async def test_a_bad_answer_is_never_seen_and_a_reviewed_text_stands_in_its_place(room, engine):
    engine.will(*(LEAD + BAD + "再说一句。"))
    [update] = await room.arrive(message("压力好大"))
    await room.passes(5)
    assert room.bot.texts(PERSON) == shown(DANGER)
    assert "割" not in ever_said(room)
    assert "试试" not in ever_said(room)
    assert await room.update(update) == ("done", None)
    assert await room.turns() == [("answered", None)]


async def test_a_good_beginning_that_was_visible_is_replaced_too(room, engine):
    more = asyncio.Event()
    engine.will(LEAD, more, BAD)
    await room.arrive(message("压力好大"))
    await room.passes(2)
    assert room.bot.texts(PERSON) == [LEAD]
    more.set()
    await room.passes(5)
    assert room.bot.texts(PERSON) == shown(DANGER)
    assert len([method for method, _ in room.methods() if method == "send"]) == 1


async def test_the_model_is_stopped_at_the_hit(room, engine):
    never = asyncio.Event()
    engine.will(LEAD + BAD, never, "后面还有。")
    await room.arrive(message("压力好大"))
    await room.passes(5)
    assert room.bot.texts(PERSON) == shown(DANGER)


async def test_only_the_reviewed_text_is_kept_and_read_by_the_model_later(room, engine):
    engine.will(LEAD, BAD)
    await room.arrive(message("压力好大"))
    await room.passes(5)
    turn = await room.storage.turns.get(1)
    assert (turn.state, turn.answer) == ("answered", DANGER)
    await room.arrive(message("那怎么办"))
    await room.passes(5)
    assert [entry.content for entry in engine.prompts[-1][1:]] == ["压力好大", DANGER, "那怎么办"]


async def test_another_try_is_offered_and_can_go_well(room, engine):
    engine.will(BAD)
    await room.arrive(message("压力好大"))
    await room.passes(5)
    [button] = room.buttons()
    await room.arrive(press(button))
    await room.passes(5)
    assert room.bot.texts(PERSON) == [ANSWER]


async def test_an_answer_that_is_stopped_shows_nothing_that_was_not_judged(room, engine):
    engine.will(LEAD + "可以试试割腕", asyncio.Event())
    await room.arrive(message("压力好大"))
    await room.passes(2)
    await room.arrive(press("stop:1"))
    await room.passes(5)
    assert room.bot.texts(PERSON) == [f"{LEAD}\n\n{TEXTS.stopped_suffix}"]
    assert (await room.storage.turns.get(1)).answer == LEAD
    assert "割" not in ever_said(room)


async def test_an_answer_that_breaks_off_shows_nothing_that_was_not_judged(room, engine):
    engine.will(LEAD + "可以试试割腕", EngineProtocolError("broken"))
    await room.arrive(message("压力好大"))
    await room.passes(5)
    assert room.bot.texts(PERSON) == [f"{LEAD}……\n\n{TEXTS.error_retry}"]
    assert "割" not in ever_said(room)


async def test_an_answer_taken_over_after_a_crash_is_judged_again(open_room, engine):
    room = open_room()
    engine.will(LEAD, asyncio.Event())
    await room.arrive(message("压力好大"))
    await room.passes(2)
    await room.aclose()
    engine.will(LEAD, BAD)
    heir = open_room()
    await heir.sweep()
    await heir.passes(40)
    await heir.sweep()
    await heir.passes(5)
    assert heir.bot.texts(PERSON) == shown(DANGER)
    assert "割" not in ever_said(heir)


@pytest.mark.parametrize("text", ["我不想活了", "我今晚就去跳楼，已经决定了。"])
async def test_to_a_person_in_danger_the_safer_text_follows_the_card(room, engine, text):
    engine.will("你说想跳楼，我听见了。")
    await room.arrive(message(text))
    await room.passes(10)
    level = RiskLevel.HIGH if "活" in text else RiskLevel.IMMINENT
    assert room.bot.texts(PERSON) == [
        *shown(card(level, Language.ZH_CN, is_minor=False)),
        *shown(instead_of(BlockReason.METHOD, level, Language.ZH_CN)),
    ]


async def test_a_hit_is_counted_by_kind_and_logged_without_its_words(room, engine):
    engine.will("我是一名心理咨询师，你放心。")
    with structlog.testing.capture_logs() as logs:
        await room.arrive(message("今天有点累"))
        await room.passes(5)
    [hit] = [entry for entry in logs if entry["event"] == "answer_blocked"]
    assert hit["kind"] == "identity"
    assert "咨询师" not in str(logs)
    today = room.now().date()
    assert await room.storage.counters.totals(today, today) == {"guard_identity": 1}
