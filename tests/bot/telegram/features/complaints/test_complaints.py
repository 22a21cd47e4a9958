"""Who complains gets a number, a day and an answer; what they wrote is read by who answers it."""

from __future__ import annotations

import json

import pytest
from telegram.error import Forbidden

from bot.locales import Language
from bot.locales.complaints import complaint_texts_for
from bot.locales.operators import operator_texts_for
from bot.telegram.access import AccessOptions
from tests.bot.telegram.features.handoff.conversations import ONCALL_CHAT
from tests.bot.telegram.room import TEXTS
from tests.bot.telegram.updates import ADMIN, GROUP, OTHER, PERSON, message

SAID, OPERATOR = complaint_texts_for(Language.ZH_CN), operator_texts_for(Language.ZH_CN)
DUTY, VIEWER = 201, 202
WORDS = "昨天的回答让我很难受"
DAY = "2026-01-16"
DUE = {"made": "01-01 03:00 UTC", "due": "01-16 03:00 UTC"}


async def asks(room, text, person=PERSON, **where):
    await room.arrive(message(text, person=person, **where))
    await room.passes(4)
    return room.bot.texts(where.get("chat", person))[-1]


async def acts(room):
    [entry] = await room.storage.audit.list_recent(1)
    return entry.admin_id, entry.action, entry.target, entry.outcome


@pytest.fixture
async def staffed(open_room):
    staff = AccessOptions(duty=frozenset({DUTY}), viewers=frozenset({VIEWER}))
    return open_room(access=staff)


async def test_a_complaint_has_a_number_a_day_and_an_answer(staffed):
    assert await asks(staffed, f"/complain {WORDS}") == SAID.taken(number=1, day=DAY)
    assert staffed.bot.texts(ADMIN) == [OPERATOR.complaint_came(number=1, day=DAY)]
    assert SAID.waits(number=1, day=DAY) in await asks(staffed, "/complain")
    listed = await asks(staffed, "/complaints", DUTY)
    assert listed.startswith(OPERATOR.complaint_line(number=1, **DUE))
    assert WORDS in await asks(staffed, "/complaints 1", DUTY)
    assert await acts(staffed) == (DUTY, "complaints", "#1", "read")
    told = await asks(staffed, "/complaints 1 对不起，\n已经改了", DUTY)
    assert told == OPERATOR.complaint_answered(number=1)
    answered = SAID.answered(number=1, answer="对不起，\n已经改了")
    assert staffed.bot.texts(PERSON)[-1] == answered
    assert answered in await asks(staffed, "/complain")
    again = await asks(staffed, "/complaints 1 又一次", DUTY)
    assert again == OPERATOR.complaint_unknown(number=1)
    assert (await asks(staffed, "/complaints", DUTY)).startswith(OPERATOR.complaint_none)


async def test_of_its_words_only_its_person_and_who_answers_read(open_room):
    room = open_room(admin_chat=ONCALL_CHAT)
    await asks(room, f"/complain {WORDS}")
    assert room.bot.texts(ONCALL_CHAT)[-1] == OPERATOR.complaint_came(number=1, day=DAY)
    said = await asks(room, "/complaints 1", ADMIN, chat=ONCALL_CHAT)
    assert said == OPERATOR.complaint_in_private
    entries = await room.storage.audit.list_recent(9)
    assert not [entry for entry in entries if WORDS in str(entry)]
    assert await asks(room, f"/complain {WORDS}", chat=GROUP) == SAID.in_private


@pytest.mark.parametrize("person", [VIEWER, OTHER])
async def test_who_is_not_on_duty_has_no_complaints_to_read(staffed, person):
    assert await asks(staffed, "/complaints", person) == TEXTS.unknown_command


async def test_who_is_banned_can_complain(staffed):
    await staffed.storage.access.ban(PERSON, ADMIN, "")
    staffed.access.invalidate()
    assert await asks(staffed, f"/complain {WORDS}") == SAID.taken(number=1, day=DAY)


async def test_what_is_too_long_or_too_much_is_not_taken(staffed):
    assert await asks(staffed, "/complain " + "长" * 2001) == SAID.too_long
    for _ in range(5):
        await asks(staffed, f"/complain {WORDS}")
    assert await asks(staffed, f"/complain {WORDS}") == SAID.too_many


async def test_late_is_said_to_be_late(staffed):
    await asks(staffed, f"/complain {WORDS}")
    await staffed.sleeps_through(16 * 86_400)
    listed = await asks(staffed, "/complaints", ADMIN)
    assert listed.startswith(OPERATOR.complaint_late(number=1, **DUE))
    await asks(staffed, "/complaints 1 好", ADMIN)
    day = staffed.now().date()
    counted = await staffed.storage.counters.totals(day.replace(day=1), day)
    assert counted["complaint_answered_late"] == 1


async def test_who_has_left_finds_the_answer_when_they_come_back(staffed):
    await asks(staffed, f"/complain {WORDS}")
    staffed.bot.chat_faults[PERSON].append(Forbidden("Forbidden: bot was blocked by the user"))
    told = await asks(staffed, "/complaints 1 好", ADMIN)
    assert told == OPERATOR.complaint_not_reached(number=1)
    assert SAID.answered(number=1, answer="好") in await asks(staffed, "/complain")


async def test_an_export_has_it(staffed):
    await asks(staffed, f"/complain {WORDS}")
    await staffed.arrive(message("/export"))
    await staffed.passes(4)
    [document] = [call for call in staffed.bot.calls if call.method == "document"]
    [made] = json.loads(document.details["document"])["complaints"]
    assert (made["number"], made["you"], made["answered_at"]) == (1, WORDS, None)
