"""A word to everybody: shown, confirmed, sent once to each, held, ended, reported."""

from __future__ import annotations

import pytest
from telegram.error import Forbidden, TimedOut

from bot.locales import Language
from bot.locales.operators import operator_texts_for
from tests.bot.telegram.room import TEXTS
from tests.bot.telegram.talks import toasts
from tests.bot.telegram.updates import ADMIN, message, press

OPERATOR = operator_texts_for(Language.ZH_CN)
PEOPLE = (51, 52, 53, 54)
WORDS = "今晚十点到十一点停机，你写的都在。"


def newest(room, chat=ADMIN):
    return max(number for at, number in room.bot.shown if at == chat)


async def presses(room, data, person=ADMIN):
    at = room.now()
    shown = newest(room)
    await room.arrive(press(data, person=person, chat=ADMIN, message_id=shown, at=at))
    await room.passes(2)


async def drafted(room, text=WORDS):
    await room.arrive(message(f"/broadcast {text}", person=ADMIN))
    await room.passes(3)
    return room.buttons(ADMIN)


def report(**counts):
    names = ("sent", "left", "gone", "refused", "unsure", "in_danger")
    return OPERATOR.cast_report(number=1, **{name: counts.get(name, 0) for name in names})


@pytest.fixture
async def crowd(room):
    """A room with four people, and the admin, who has written as well."""
    for person in PEOPLE:
        await room.storage.users.record_seen(person, "zh-hans")
    await room.storage.users.record_seen(ADMIN, "zh-hans")
    return room


async def test_it_is_shown_first_and_sent_to_each_once_it_is_confirmed(crowd):
    yes, _ = await drafted(crowd)
    assert crowd.bot.texts(ADMIN) == [WORDS, OPERATOR.cast_ask(number=1, count=5)]
    assert crowd.bot.texts(PEOPLE[0]) == []
    await presses(crowd, yes)
    await presses(crowd, yes)  # pressed twice
    await crowd.sweep()
    await crowd.passes(20)
    for person in PEOPLE:
        assert crowd.bot.texts(person) == [WORDS]
    assert crowd.bot.texts(ADMIN)[-1] == report(sent=5)


async def test_who_thinks_better_of_it_sends_nothing(crowd):
    _, no = await drafted(crowd)
    await presses(crowd, no)
    await crowd.sweep()
    await crowd.passes(20)
    assert crowd.bot.texts(ADMIN)[-1] == TEXTS.admin_cancelled
    assert crowd.bot.texts(PEOPLE[0]) == []


async def test_who_has_left_or_is_in_danger_is_not_written_to(crowd):
    crowd.bot.chat_faults[PEOPLE[0]].append(Forbidden("Forbidden: bot was blocked by the user"))
    await crowd.arrive(message("我不想活了，今晚就走", person=PEOPLE[1]))
    await crowd.passes(10)
    yes, _ = await drafted(crowd)
    await presses(crowd, yes)
    await crowd.sweep()
    await crowd.passes(20)
    assert WORDS not in crowd.bot.texts(PEOPLE[1])
    assert crowd.bot.texts(PEOPLE[2]) == [WORDS]
    left = await crowd.storage.users.get(PEOPLE[0])
    assert left.unreachable_at is not None
    await crowd.arrive(message("/broadcast", person=ADMIN))
    await crowd.passes(3)
    assert report(sent=3, left=1, gone=1) in crowd.bot.texts(ADMIN)[-1]


async def test_it_is_held_goes_on_and_ends_for_good(crowd):
    await drafted(crowd)
    await crowd.storage.broadcasts.begin(1)
    await crowd.storage.broadcasts.pause(1)
    await crowd.sweep()
    await crowd.passes(10)
    assert crowd.bot.texts(PEOPLE[0]) == []
    await crowd.arrive(message("/broadcast", person=ADMIN))
    await crowd.passes(3)
    assert crowd.buttons(ADMIN) == ["cast:resume:1", "cast:end:1"]
    await presses(crowd, "cast:resume:1")
    assert crowd.buttons(ADMIN) == ["cast:pause:1", "cast:end:1"]
    await presses(crowd, "cast:pause:1")
    await presses(crowd, "cast:pause:1")
    assert toasts(crowd)[-1] == OPERATOR.cast_gone
    await presses(crowd, "cast:end:1")
    await presses(crowd, crowd.buttons(ADMIN)[0])
    assert OPERATOR.cast_cancelled in crowd.bot.texts(ADMIN)[-1]
    await crowd.sweep()
    await crowd.passes(10)
    assert crowd.bot.texts(PEOPLE[0]) == []


async def test_a_process_that_died_in_the_middle_is_followed_by_one_that_repeats_nobody(
    crowd, open_room
):
    await drafted(crowd)
    await crowd.storage.broadcasts.begin(1)
    assert await crowd.storage.broadcasts.claim(1) == PEOPLE[0]  # and there it died
    await crowd.aclose()
    other = open_room()
    await other.sweep()
    await other.passes(20)
    assert other.bot.texts(PEOPLE[0]) == []
    assert [other.bot.texts(person) for person in PEOPLE[1:]] == 3 * [[WORDS]]
    assert other.bot.texts(ADMIN)[-1] == report(sent=4, unsure=1)


async def test_while_telegram_is_away_nobody_is_lost(crowd):
    await drafted(crowd)
    await crowd.storage.broadcasts.begin(1)
    crowd.bot.faults["send"].extend(TimedOut() for _ in range(200))
    await crowd.sweep()
    await crowd.passes(90)
    crowd.bot.faults["send"].clear()
    await crowd.passes(700)
    await crowd.sweep()
    await crowd.passes(30)
    assert all(WORDS in crowd.bot.texts(person) for person in PEOPLE)


async def test_before_the_service_ends_each_reads_so_with_whom_to_call(crowd):
    await crowd.storage.users.record_seen(PEOPLE[0], "en")
    for day in ("2020-01-01", "soon", ""):
        await drafted(crowd, f"ending {day}")
        assert crowd.bot.texts(ADMIN)[-1] == OPERATOR.cast_usage
    yes, _ = await drafted(crowd, "ending 2026-12-31")
    await presses(crowd, yes)
    await crowd.sweep()
    await crowd.passes(20)
    [english], [chinese] = crowd.bot.texts(PEOPLE[0]), crowd.bot.texts(PEOPLE[1])
    assert "closes on 2026-12-31" in english
    assert "12356" in chinese
    assert "/export" in chinese


async def test_what_is_too_long_for_one_message_is_not_drafted(crowd):
    await drafted(crowd, "长" * 3501)
    assert crowd.bot.texts(ADMIN)[-1] == OPERATOR.cast_too_long(count=3500)
    assert await crowd.storage.broadcasts.last() is None
