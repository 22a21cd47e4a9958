"""A human of the operators takes over: who is told what, who answers, and when it ends."""

from __future__ import annotations

import asyncio
import json
from datetime import date

import pytest
from telegram.error import ChatMigrated, Forbidden, NetworkError

from bot.locales import Language
from bot.safety import Region, render_hotlines
from bot.safety.hotlines import emergency
from bot.telegram.features.handoff.desk import IDLE_HOURS
from bot.telegram.outbound.rendering import render
from tests.bot.telegram.room import TEXTS, rest
from tests.bot.telegram.scripted_engine import ANSWER
from tests.bot.telegram.updates import ADMIN, GROUP, OTHER, PERSON, message, press

ONCALL_CHAT = -900
HIGH, IMMINENT = "我不想活了", "我今晚就去跳楼，已经决定了。"
YEAR = date(2026, 1, 1), date(2026, 12, 31)
TAKEN = TEXTS.desk_person_taken(emergency=emergency(Language.ZH_CN)).strip()


@pytest.fixture
async def desk(open_room):
    """A bot whose operators have a chat for alerts, which was tried at start."""
    room = open_room(admin_chat=ONCALL_CHAT)
    await rest()
    return room


def alerts(room):
    return [text for text in room.bot.texts(ONCALL_CHAT) if "#" in text]


async def says(room, text, person=PERSON):
    await room.arrive(message(text, person=person))
    await room.passes(10)


async def takes_over(room, admin=ADMIN, handover=1):
    newest = max(number for chat, number in room.bot.shown if chat == ONCALL_CHAT)
    await room.arrive(
        press(f"desk:take:{handover}", person=admin, chat=ONCALL_CHAT, message_id=newest)
    )
    await room.passes(5)


async def acts(room):
    return [(entry.action, entry.outcome) for entry in await room.storage.audit.list_recent(10)]


@pytest.mark.parametrize(("text", "level"), [(HIGH, "desk_high"), (IMMINENT, "desk_imminent")])
async def test_an_alert_says_how_serious_and_never_who_or_what(desk, text, level):
    await says(desk, text)
    [alert] = alerts(desk)
    assert (
        alert
        == TEXTS.desk_alert(handle=1, level=getattr(TEXTS, level), at="01-01 03:00 UTC").strip()
    )
    assert text not in alert
    assert str(PERSON) not in alert
    assert desk.buttons(ONCALL_CHAT) == ["desk:take:1"]
    await says(desk, text)
    assert len(alerts(desk)) == 1  # the same again is no news
    assert (await desk.storage.counters.totals(*YEAR))["handover_alert"] == 1


async def test_a_level_that_rises_is_told_again(desk):
    await says(desk, HIGH)
    await says(desk, IMMINENT)
    assert len(alerts(desk)) == 2
    assert TEXTS.desk_imminent in alerts(desk)[1]


async def test_an_alert_of_a_process_that_died_is_sent_by_the_next(open_room):
    first = open_room(admin_chat=ONCALL_CHAT)
    first.bot.chat_faults[ONCALL_CHAT].extend([NetworkError("x")] * 400)
    await says(first, HIGH)
    await first.aclose()
    first.bot.chat_faults[ONCALL_CHAT].clear()
    assert alerts(first) == []
    again = open_room(admin_chat=ONCALL_CHAT)
    await again.passes(16 * 60)
    assert len(alerts(again)) == 1


async def test_nobody_is_told_where_no_chat_is_set_and_the_card_goes_out(room):
    await says(room, HIGH)
    assert room.bot.texts(PERSON)[-1] == ANSWER
    assert await room.storage.handovers.list_due_alerts() == []


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
    opened = (await desk.storage.handovers.list_due_alerts()) or [
        await desk.storage.handovers.get(1)
    ]
    await desk.storage.handovers.take(opened[0].id, 12345)
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


async def test_a_hand_over_survives_a_restart(open_room, engine):
    first = open_room(admin_chat=ONCALL_CHAT)
    await says(first, HIGH)
    await takes_over(first)
    await first.aclose()
    asked = len(engine.prompts)
    again = open_room(admin_chat=ONCALL_CHAT)
    await says(again, "你还在吗")
    assert again.bot.texts(ADMIN)[-1] == "💬 #1\n你还在吗"
    assert len(engine.prompts) == asked


async def test_an_idle_hand_over_is_given_back_and_both_are_told(desk):
    await says(desk, HIGH)
    await takes_over(desk)
    await desk.passes(IDLE_HOURS * 3600 - 120)
    assert TEXTS.desk_person_closed not in desk.bot.texts(PERSON)
    await desk.passes(300)
    assert desk.bot.texts(PERSON)[-1] == TEXTS.desk_person_closed
    assert desk.bot.texts(ADMIN)[-1] == TEXTS.desk_admin_closed(handle=1)
    await says(desk, "早上好")
    assert desk.bot.texts(PERSON)[-1] == ANSWER


async def test_an_admin_who_is_gone_leaves_the_person_to_the_model(desk):
    await says(desk, HIGH)
    await takes_over(desk)
    desk.bot.chat_faults[ADMIN].append(Forbidden("bot was blocked by the user"))
    await says(desk, "你在吗")
    assert desk.bot.texts(PERSON)[-2:] == [TEXTS.desk_person_closed, ANSWER]


async def test_erasing_everything_ends_the_hand_over_and_the_admin_is_told(desk, engine):
    await says(desk, HIGH)
    await takes_over(desk)
    await desk.arrive(press(f"erase:yes:{PERSON}"))
    await desk.passes(5)
    assert desk.bot.texts(ADMIN)[-1] == TEXTS.desk_admin_closed(handle=1)
    assert await desk.storage.handovers.get(1) is None


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


async def test_who_asks_and_waits_is_told_once_that_nobody_has_come(desk):
    await says(desk, "/human")
    assert desk.bot.texts(PERSON) == [TEXTS.desk_asked]
    assert alerts(desk) == [TEXTS.desk_alert_asked(handle=1, at="01-01 03:00 UTC").strip()]
    await desk.passes(9 * 60)
    assert desk.bot.texts(PERSON) == [TEXTS.desk_asked]
    await desk.passes(20 * 60)
    assert desk.bot.texts(PERSON) == [TEXTS.desk_asked, TEXTS.desk_unanswered]
    await takes_over(desk)
    assert desk.bot.texts(PERSON)[-1] == TAKEN


async def test_the_button_of_the_card_calls_the_people_on_duty(desk):
    await says(desk, HIGH)
    await desk.arrive(press(f"risk:help:{PERSON}"))
    await desk.passes(10)
    assert desk.bot.texts(PERSON)[-1] == TEXTS.desk_asked
    assert (await desk.storage.handovers.get(1)).asked_at is not None


async def test_nobody_is_handed_over_in_a_group(desk):
    await desk.arrive(message("/human", chat=GROUP))
    await desk.arrive(message(HIGH, chat=GROUP))
    await desk.passes(10)
    assert desk.bot.texts(GROUP)[0] == TEXTS.desk_private
    assert alerts(desk) == []


async def test_close_without_a_hand_over_says_so(desk):
    await says(desk, "/close", person=ADMIN)
    assert desk.bot.texts(ADMIN) == [TEXTS.desk_nothing_to_close]


async def test_a_silent_human_is_replaced(desk, engine):
    await says(desk, HIGH)
    await takes_over(desk)
    asked = len(engine.prompts)
    for minute in range(10):
        await says(desk, f"有人吗 {minute}")
        await desk.passes(50)
    assert TEXTS.desk_human_silent not in desk.bot.texts(PERSON)
    await desk.passes(60)
    assert desk.bot.texts(PERSON)[-1] == TEXTS.desk_human_silent
    assert desk.bot.texts(ADMIN)[-1] == TEXTS.desk_admin_released(handle=1)
    assert len(desk.bot.texts(ONCALL_CHAT)) == 2
    assert desk.buttons(ONCALL_CHAT) == ["desk:take:1"]
    assert ("handover release", "silent") in await acts(desk)
    await says(desk, "那你在吗")
    assert len(engine.prompts) == asked + 1
    assert desk.bot.texts(PERSON)[-1] == ANSWER
    await desk.passes(1800)
    assert desk.bot.texts(PERSON)[-1] == ANSWER  # told once
    await takes_over(desk)
    assert desk.bot.texts(PERSON)[-1] == TAKEN


async def test_a_human_who_answers_keeps_their_person(desk):
    await says(desk, HIGH)
    await takes_over(desk)
    for _ in range(6):
        await says(desk, "在吗")
        await desk.passes(8 * 60)
        await says(desk, "我在", person=ADMIN)
        await desk.passes(8 * 60)
    assert (await desk.storage.handovers.get(1)).state == "taken"


async def test_an_admin_who_cannot_be_reached_is_replaced(desk):
    await says(desk, HIGH)
    await takes_over(desk)
    desk.bot.chat_faults[ADMIN].append(Forbidden("bot was blocked by the user"))
    await says(desk, "你在吗")
    assert (await desk.storage.handovers.get(1)).state == "open"
    assert len(desk.bot.texts(ONCALL_CHAT)) == 2
    assert desk.buttons(ONCALL_CHAT) == ["desk:take:1"]


async def test_who_is_no_admin_any_more_reads_nothing_and_the_person_is_taken_back(open_room):
    before = open_room(admin_chat=ONCALL_CHAT)
    await says(before, HIGH)
    await takes_over(before)
    await before.aclose()
    after = open_room(admin_chat=ONCALL_CHAT, admins=frozenset({OTHER}))
    await after.arrive(message("我把药都倒出来了"))
    await after.passes(10)
    assert not any("药" in text for text in after.bot.texts(ADMIN))
    assert TEXTS.desk_person_closed in after.bot.texts(PERSON)
    assert (await after.storage.handovers.get(1)).state == "open"
    await takes_over(after, admin=OTHER)
    assert (await after.storage.handovers.for_user(PERSON)).admin_id == OTHER


async def test_what_a_person_writes_is_carried_to_admins_only(open_room):
    before = open_room(admin_chat=ONCALL_CHAT)
    after = open_room(admin_chat=ONCALL_CHAT, admins=frozenset({OTHER}))
    await says(before, HIGH)
    await takes_over(before)
    await says(after, "你在吗")
    assert "💬 #1\n你在吗" not in after.bot.texts(ADMIN)
    assert after.bot.texts(PERSON)[-1] == ANSWER


async def test_people_are_taken_back_where_the_desk_was_closed(open_room):
    before = open_room(admin_chat=ONCALL_CHAT)
    await says(before, HIGH)
    await takes_over(before)
    await before.aclose()
    after = open_room()
    await after.passes(5)
    assert after.bot.texts(PERSON)[-1] == TEXTS.desk_person_closed
    assert (await after.storage.handovers.get(1)).state == "closed"


async def test_an_admin_does_not_take_over_their_own_call_for_help(desk):
    await says(desk, HIGH, person=ADMIN)
    await takes_over(desk)
    assert desk.bot.answered[-1][1] == TEXTS.desk_own
    assert (await desk.storage.handovers.get(1)).state == "open"


async def test_alerts_follow_the_oncall_chat_to_its_supergroup(desk):
    desk.bot.chat_faults[ONCALL_CHAT].append(ChatMigrated(-1009))
    await says(desk, IMMINENT)
    assert len(desk.bot.texts(-1009)) == 1
    assert await desk.oncall_alerts.is_oncall_chat_reachable()
    await says(desk, HIGH, person=OTHER)
    assert len(desk.bot.texts(-1009)) == 2


async def test_an_alert_the_oncall_chat_does_not_take_goes_to_the_admins_themselves(desk):
    desk.bot.chat_faults[ONCALL_CHAT].append(Forbidden("bot was kicked from the group chat"))
    await says(desk, HIGH)
    [told] = desk.bot.texts(ADMIN)
    assert told.startswith(TEXTS.desk_chat_unreachable)
    assert desk.buttons(ADMIN) == ["desk:take:1"]
    assert not await desk.oncall_alerts.is_oncall_chat_reachable()
    await desk.passes(20 * 60)  # the bot is let in again
    assert len(alerts(desk)) == 1
    assert await desk.oncall_alerts.is_oncall_chat_reachable()
    assert len(desk.bot.texts(ADMIN)) == 1
    await desk.arrive(press("desk:take:1", person=ADMIN, chat=ADMIN, message_id=1))
    await desk.passes(5)
    assert (await desk.storage.handovers.for_user(PERSON)).admin_id == ADMIN
