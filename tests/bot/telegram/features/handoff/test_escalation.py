"""An alert that nobody takes goes on: to the next on call, then to everybody."""

from __future__ import annotations

import pytest
from telegram.error import Forbidden

from bot.telegram.oncall_rota import parse_rota
from tests.bot.telegram.features.handoff.conversations import (
    HIGH,
    IMMINENT,
    ONCALL_CHAT,
    TAKEN,
    alerts,
    says,
    takes_over,
)
from tests.bot.telegram.room import TEXTS, rest
from tests.bot.telegram.updates import ADMIN, OTHER, PERSON, message, press

SECOND, ASLEEP = 201, 202
ROTA = parse_rota(
    f"""
    zone = "Asia/Shanghai"
    [[admin]]
    id = {ADMIN}
    zone = "Asia/Shanghai"
    shifts = ["daily 00:00-24:00"]
    [[admin]]
    id = {SECOND}
    zone = "America/New_York"
    shifts = ["daily 20:00-08:00"]
    [[admin]]
    id = {ASLEEP}
    zone = "Asia/Shanghai"
    shifts = ["daily 20:00-08:00"]
    """,
    {ADMIN, SECOND, ASLEEP},
)
ADMINS = frozenset({ADMIN, SECOND, ASLEEP})
FIVE = 5 * 60 + 30
"""Seconds until those who were called have had their time, and somebody has looked."""


@pytest.fixture
async def desk(open_room):
    """A bot with a rota: at 11:00 in Shanghai it is 22:00 in New York."""
    room = open_room(admin_chat=ONCALL_CHAT, admins=ADMINS, oncall_rota=ROTA)
    await rest()
    return room


async def test_the_first_on_call_is_told_beside_the_chat_each_in_their_own_time(desk):
    await says(desk, HIGH)
    [alert] = alerts(desk)
    assert "01-01 11:00 Asia/Shanghai" in alert
    [told] = desk.bot.texts(ADMIN)
    assert TEXTS.desk_alert_first in told
    assert desk.buttons(ADMIN) == ["desk:take:1"]
    assert desk.bot.texts(SECOND) == desk.bot.texts(ASLEEP) == []


async def test_what_nobody_takes_goes_to_the_next_then_to_all_and_then_it_is_quiet(desk):
    await says(desk, HIGH)
    await desk.passes(FIVE)
    [told] = desk.bot.texts(SECOND)
    assert TEXTS.desk_alert_next(count=5) in told
    assert "12-31 22:00 America/New_York" in told
    assert len(alerts(desk)) == len(desk.bot.texts(ADMIN)) == 1
    await desk.passes(FIVE)
    for chat, count in ((ONCALL_CHAT, 2), (ADMIN, 2), (SECOND, 2), (ASLEEP, 1)):
        assert len(desk.bot.texts(chat)) == count
        assert TEXTS.desk_alert_everyone in desk.bot.texts(chat)[-1]
    await desk.passes(3 * 3600)
    assert len(alerts(desk)) == 2


async def test_once_it_is_taken_no_alert_can_be_pressed_and_nobody_is_called_any_more(desk):
    await says(desk, HIGH)
    await desk.passes(FIVE)
    await desk.arrive(press("desk:take:1", person=SECOND, chat=SECOND, message_id=1))
    await desk.passes(5)
    assert TAKEN in desk.bot.texts(PERSON)
    for chat in (ONCALL_CHAT, ADMIN):
        assert desk.bot.texts(chat) == [TEXTS.desk_taken(handle=1)]
        assert desk.buttons(chat) == []
    await desk.passes(FIVE)
    assert desk.bot.texts(ASLEEP) == []


async def test_a_process_that_dies_leaves_the_next_call_to_another(open_room):
    settings = {"admin_chat": ONCALL_CHAT, "admins": ADMINS, "oncall_rota": ROTA}
    first = open_room(**settings)
    await says(first, HIGH)
    await first.aclose()
    again = open_room(**settings)
    await again.passes(FIVE)
    assert len(again.bot.texts(SECOND)) == 1
    await again.passes(FIVE)
    assert len(again.bot.texts(ASLEEP)) == 1
    assert len(alerts(again)) == 2


async def test_who_cannot_be_reached_costs_no_time(desk):
    desk.bot.chat_faults[ADMIN].append(Forbidden("bot was blocked by the user"))
    await says(desk, HIGH)
    assert TEXTS.desk_alert_next(count=5) in desk.bot.texts(SECOND)[-1]


async def test_without_a_rota_the_chat_is_called_again_and_everybody_with_it(open_room):
    desk = open_room(admin_chat=ONCALL_CHAT, admins=ADMINS)
    await says(desk, HIGH)
    assert desk.bot.texts(ADMIN) == []
    await desk.passes(FIVE)
    assert len(alerts(desk)) == 2
    assert all(len(desk.bot.texts(admin)) == 1 for admin in ADMINS)


async def test_a_rota_alone_is_enough(open_room):
    desk = open_room(admins=ADMINS, oncall_rota=ROTA)
    await says(desk, HIGH)
    assert desk.buttons(ADMIN) == ["desk:take:1"]
    await desk.arrive(press("desk:take:1", person=ADMIN, chat=ADMIN, message_id=1))
    await desk.passes(5)
    assert desk.bot.texts(PERSON)[-1] == TAKEN


async def test_at_an_hour_of_nobody_everybody_is_called_at_once(open_room):
    night = parse_rota(
        f'[[admin]]\nid = {SECOND}\nzone = "UTC"\nshifts = ["daily 12:00-13:00"]', {SECOND}
    )
    desk = open_room(admin_chat=ONCALL_CHAT, admins=ADMINS, oncall_rota=night)
    await says(desk, HIGH)
    assert all(len(desk.bot.texts(admin)) == 1 for admin in ADMINS)


async def test_danger_that_rises_begins_with_the_first_again(desk):
    await says(desk, HIGH)
    await desk.passes(FIVE)
    await says(desk, IMMINENT)
    assert len(desk.bot.texts(ADMIN)) == 2
    assert len(desk.bot.texts(SECOND)) == 1
    assert TEXTS.desk_imminent in desk.bot.texts(ADMIN)[-1]


async def test_who_asked_is_told_once_that_nobody_has_come_however_often_others_are_called(desk):
    await says(desk, "/human")
    await desk.passes(2 * 3600)
    assert desk.bot.texts(PERSON).count(TEXTS.desk_unanswered) == 1
    assert len(desk.bot.texts(ASLEEP)) == 1


async def test_an_admin_in_danger_is_not_called_for_themself(desk):
    await says(desk, HIGH, person=ADMIN)
    assert not any(TEXTS.desk_alert_first in text for text in desk.bot.texts(ADMIN))
    assert TEXTS.desk_alert_first in desk.bot.texts(SECOND)[-1]


async def test_a_human_who_passes_a_person_on_leaves_a_note_without_their_words(desk):
    await says(desk, IMMINENT)
    await takes_over(desk)
    await says(desk, "药在我手里")
    await desk.arrive(message("/pass", person=ADMIN))
    await desk.passes(5)
    assert desk.bot.texts(PERSON)[-1] == TEXTS.desk_person_passed
    assert desk.bot.texts(ADMIN)[-1] == TEXTS.desk_admin_passed(handle=1)
    assert TEXTS.desk_alert_passed in alerts(desk)[-1]
    assert TEXTS.desk_alert_passed in desk.bot.texts(SECOND)[-1]  # not to who has just left
    await takes_over(desk, admin=SECOND)
    note = desk.bot.texts(SECOND)[-1]
    assert "最高紧急" in note
    assert "12-31 22:00 America/New_York" in note
    for words in (IMMINENT, "药", "跳楼", str(PERSON)):
        assert words not in note
    assert "· 12-31 22:00" in note  # the card
    await says(desk, "你是新来的吗")
    assert desk.bot.texts(SECOND)[-1] == "💬 #1\n你是新来的吗"
    assert desk.bot.texts(ADMIN)[-1] == TEXTS.desk_admin_passed(handle=1)


async def test_who_was_promised_the_next_human_is_told_if_none_comes(desk):
    await says(desk, HIGH)
    await takes_over(desk)
    await desk.arrive(message("/pass", person=ADMIN))
    await desk.passes(11 * 60)
    assert desk.bot.texts(PERSON)[-1] == TEXTS.desk_unanswered


async def test_who_is_no_admin_passes_nobody_on(desk):
    await says(desk, HIGH)
    await takes_over(desk)
    await desk.arrive(message("/pass", person=OTHER))
    await desk.arrive(press("desk:pass:1", person=OTHER, chat=OTHER, message_id=1))
    await desk.passes(5)
    assert (await desk.storage.handovers.get(1)).admin_id == ADMIN
