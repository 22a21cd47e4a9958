"""The people on call are told that one is needed: never who, never what."""

from __future__ import annotations

import pytest
from telegram.error import ChatMigrated, Forbidden, NetworkError

from tests.bot.telegram.features.handoff.conversations import (
    HIGH,
    IMMINENT,
    ONCALL_CHAT,
    TAKEN,
    YEAR,
    alerts,
    says,
    takes_over,
)
from tests.bot.telegram.room import TEXTS
from tests.bot.telegram.scripted_engine import ANSWER
from tests.bot.telegram.updates import ADMIN, OTHER, PERSON, press


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
    await again.passes(60)
    assert len(alerts(again)) == 1


async def test_nobody_is_told_where_no_chat_is_set_and_the_card_goes_out(room):
    await says(room, HIGH)
    assert room.bot.texts(PERSON)[-1] == ANSWER
    assert await room.storage.handovers.get(1) is None


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


async def test_the_button_of_the_card_says_what_a_call_means_and_calls_nobody_by_itself(desk):
    await desk.arrive(press(f"risk:help:{PERSON}"))
    await desk.passes(10)
    assert desk.bot.texts(PERSON)[-1] == TEXTS.desk_offer.strip()
    assert desk.buttons() == [f"human:call:{PERSON}"]
    assert alerts(desk) == []
    assert await desk.storage.handovers.get(1) is None


async def test_a_button_of_its_own_calls_the_people_on_call(desk):
    await desk.arrive(press(f"risk:help:{PERSON}"))
    await desk.passes(10)
    await desk.arrive(press(f"human:call:{PERSON}", message_id=2))
    await desk.passes(10)
    assert desk.bot.texts(PERSON)[-1] == TEXTS.desk_asked
    assert desk.buttons() == [f"human:off:{PERSON}"]
    assert (await desk.storage.handovers.get(1)).asked_at is not None
    [alert] = alerts(desk)
    assert TEXTS.desk_high in alert
    assert TEXTS.desk_alert_wants in alert


async def test_where_nobody_is_on_call_no_call_is_offered(room):
    await room.arrive(press(f"risk:help:{PERSON}"))
    await room.passes(10)
    assert len(room.bot.texts(PERSON)) == 1
    await room.arrive(press(f"human:call:{PERSON}"))  # of a time when there were people on call
    await room.passes(10)
    assert room.bot.texts(PERSON)[-1] == TEXTS.desk_nobody


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
