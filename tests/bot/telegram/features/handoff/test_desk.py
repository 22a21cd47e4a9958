"""A human of the operators takes over: who may, who is told what, who answers."""

from __future__ import annotations

import asyncio
import json

from telegram.error import Forbidden

from bot.locales import Language
from bot.safety import Region, render_hotlines
from bot.safety.hotlines import emergency
from bot.telegram.outbound.rendering import render
from tests.bot.telegram.features.handoff.conversations import (
    HIGH,
    IMMINENT,
    ONCALL_CHAT,
    TAKEN,
    acts,
    alerts,
    says,
    takes_over,
)
from tests.bot.telegram.room import TEXTS
from tests.bot.telegram.scripted_engine import ANSWER
from tests.bot.telegram.updates import ADMIN, GROUP, OTHER, PERSON, message


async def test_person_and_admin_write_to_each_other_and_the_model_is_silent(desk, engine):
    await says(desk, HIGH)
    asked = len(engine.prompts)
    await takes_over(desk)
    assert desk.bot.texts(PERSON)[-1] == TAKEN
    assert TEXTS.desk_taken(handle=1) in desk.bot.texts(ONCALL_CHAT)[-1]
    assert desk.buttons(ONCALL_CHAT) == []
    assert desk.buttons(ADMIN) == ["desk:close:1"]

    await says(desk, "你是真人吗")
    assert desk.bot.texts(ADMIN)[-1] == "💬 #1\n你是真人吗"
    await says(desk, "我是，我叫小陈。你现在*安全*吗？", person=ADMIN)
    assert desk.bot.texts(PERSON)[-1] == f"{TEXTS.desk_human}\n我是，我叫小陈。你现在*安全*吗？"
    assert len(engine.prompts) == asked
    assert await acts(desk) == [("handover take", "done")]

    await desk.passes(3600)
    await says(desk, "我还在", person=ADMIN)
    await desk.arrive(message("/close", person=ADMIN))
    await desk.passes(5)
    assert desk.bot.texts(PERSON)[-1] == TEXTS.desk_person_closed
    assert desk.bot.texts(ADMIN)[-1] == TEXTS.desk_admin_closed(handle=1)
    await says(desk, "谢谢他")
    assert desk.bot.texts(PERSON)[-1] == ANSWER
    assert len(engine.prompts) == asked + 1
    assert await acts(desk) == [("handover close", "done"), ("handover take", "done")]


async def test_what_a_human_said_is_no_turn_of_the_model_and_is_exported_as_theirs(desk, engine):
    await says(desk, HIGH)
    await takes_over(desk)
    await says(desk, "你好")
    await says(desk, "我是值班的小陈", person=ADMIN)
    exported = await desk.storage.users.export(PERSON)
    assert [said.text for said in exported.from_humans] == ["我是值班的小陈"]
    assert [turn.answer for turn in exported.turns] == [ANSWER, ""]
    assert (await desk.storage.users.export(ADMIN)).turns == ()
    sent = []
    desk.outbox.send_document = lambda *a, **_: record(sent, a)
    await desk.arrive(message("/export"))
    await desk.passes(2)
    assert json.loads(sent[0][1])["from_humans"][0]["a human of the operators"] == "我是值班的小陈"


async def record(into, what):
    into.append(what)
    return 1


async def test_cards_still_go_out_while_a_human_writes(desk):
    await says(desk, HIGH)
    await takes_over(desk)
    before = len(desk.bot.texts(PERSON))
    await says(desk, IMMINENT)
    assert len(desk.bot.texts(PERSON)) > before
    assert desk.bot.texts(ADMIN)[-1].endswith(IMMINENT)


async def test_the_words_of_the_human_bring_no_card_to_the_human(desk):
    await says(desk, HIGH)
    await takes_over(desk)
    await says(desk, "你是不是想自杀，今晚就去跳楼？", person=ADMIN)
    assert desk.bot.texts(PERSON)[-1].startswith(TEXTS.desk_human)
    assert all("120" not in text for text in desk.bot.texts(ADMIN))


async def test_the_last_words_before_close_still_arrive(open_room):
    desk = open_room(admin_chat=ONCALL_CHAT, burst_window=1.2)
    await says(desk, HIGH)
    await takes_over(desk)
    await desk.passes(3600)
    await desk.arrive(message("保重，我先走了", person=ADMIN), message("/close", person=ADMIN))
    await desk.passes(10)
    assert desk.bot.texts(PERSON)[-2:] == [
        f"{TEXTS.desk_human}\n保重，我先走了",
        TEXTS.desk_person_closed,
    ]


async def test_only_admins_take_over_and_refusals_are_written_down(desk):
    await says(desk, HIGH)
    await takes_over(desk, admin=OTHER)
    assert desk.bot.answered[-1][1] == TEXTS.desk_admins_only
    assert await desk.storage.handovers.for_user(PERSON) is None
    assert await acts(desk) == [("handover take", "refused")]


async def test_a_second_press_comes_too_late(desk):
    await says(desk, HIGH)
    await desk.storage.handovers.take(1, 12345)
    await takes_over(desk)
    assert desk.bot.answered[-1][1] == TEXTS.desk_gone
    assert (await desk.storage.handovers.for_user(PERSON)).admin_id == 12345


async def test_an_admin_has_one_person_at_a_time(desk):
    await says(desk, HIGH)
    await takes_over(desk)
    await says(desk, HIGH, person=OTHER)
    await takes_over(desk, handover=2)
    assert desk.bot.answered[-1][1] == TEXTS.desk_busy(handle=1)


async def test_an_admin_the_bot_may_not_write_to_does_not_take_over(desk):
    await says(desk, HIGH)
    desk.bot.chat_faults[ADMIN].append(Forbidden("bot can't initiate conversation"))
    await takes_over(desk)
    assert desk.bot.answered[-1][1] == TEXTS.desk_write_first
    assert TAKEN not in desk.bot.texts(PERSON)
    await takes_over(desk)  # after /start
    assert TAKEN in desk.bot.texts(PERSON)


async def test_taking_over_stops_the_model_in_mid_answer(desk, engine):
    engine.will("我在这里。慢慢说，", asyncio.Event())
    await says(desk, HIGH)
    await takes_over(desk)
    await desk.passes(5)
    assert any(TEXTS.stopped_suffix in text for text in desk.bot.texts(PERSON))


async def test_who_asks_for_a_human_where_nobody_is_on_duty_is_told_so(room):
    await says(room, "/human")
    assert room.bot.texts(PERSON) == [
        TEXTS.desk_nobody,
        *(part.text for part in render(render_hotlines(Language.ZH_CN))),
    ]


async def test_who_chose_a_region_reads_its_numbers_whether_somebody_is_on_duty_or_not(
    room, open_room
):
    await room.storage.users.set_region(PERSON, "HK")
    await says(room, "/human")
    lines = render_hotlines(Language.ZH_CN, Region.HK)
    assert room.bot.texts(PERSON)[1:] == [part.text for part in render(lines)]
    desk = open_room(admin_chat=ONCALL_CHAT)
    await says(desk, HIGH)
    await takes_over(desk)
    local = emergency(Language.ZH_CN, Region.HK)
    assert desk.bot.texts(PERSON)[-1] == TEXTS.desk_person_taken(emergency=local).strip()


async def test_nobody_is_handed_over_in_a_group(desk):
    await desk.arrive(message("/human", chat=GROUP))
    await desk.arrive(message(HIGH, chat=GROUP))
    await desk.passes(10)
    assert desk.bot.texts(GROUP)[0] == TEXTS.desk_private
    assert alerts(desk) == []


async def test_close_without_a_hand_over_says_so(desk):
    await says(desk, "/close", person=ADMIN)
    assert desk.bot.texts(ADMIN) == [TEXTS.desk_nothing_to_close]


async def test_what_a_person_writes_is_carried_to_admins_only(open_room):
    before = open_room(admin_chat=ONCALL_CHAT)
    after = open_room(admin_chat=ONCALL_CHAT, admins=frozenset({OTHER}))
    await says(before, HIGH)
    await takes_over(before)
    await says(after, "你在吗")
    assert "💬 #1\n你在吗" not in after.bot.texts(ADMIN)
    assert after.bot.texts(PERSON)[-1] == ANSWER


async def test_an_admin_does_not_take_over_their_own_call_for_help(desk):
    await says(desk, HIGH, person=ADMIN)
    await takes_over(desk)
    assert desk.bot.answered[-1][1] == TEXTS.desk_own
    assert (await desk.storage.handovers.get(1)).state == "open"
