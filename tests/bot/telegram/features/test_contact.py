"""/contact: whom somebody wants to call, and where that is to be seen."""

from __future__ import annotations

import pytest

from bot.safety import Assessment, RiskLevel
from bot.storage import EmergencyContact
from bot.telegram.features.contact import read_contact
from tests.bot.telegram.room import TEXTS
from tests.bot.telegram.updates import GROUP, OTHER, PERSON, message, press

HIGH = "我不想活了"
LINE = TEXTS.contact_on_card(name="妈妈", phone="13800138000")


async def says(room, text, **where):
    await room.arrive(message(text, **where))
    await room.passes(10)


@pytest.mark.parametrize(
    ("argument", "contact"),
    [
        ("妈妈 13800138000", ("妈妈", "13800138000")),
        ("王 小明：+86 138-0013-8000", ("王 小明", "+86 138-0013-8000")),
        ("Mary Ann 555 0100", ("Mary Ann", "555 0100")),
        ("**妈妈**[x](y) 110", ("妈妈xy", "110")),
        ("13800138000", None),
        ("妈妈", None),
        ("``` 13800138000", None),
        ("妈妈 12ab34", None),
    ],
)
def test_a_name_and_a_number_are_read(argument, contact):
    assert read_contact(argument) == (contact and EmergencyContact(*contact))


async def test_who_named_somebody_sees_them_on_top_of_the_card(room):
    await says(room, "/contact 妈妈 13800138000")
    assert room.bot.texts(PERSON) == [TEXTS.contact_shown(name="妈妈", phone="13800138000").strip()]
    await says(room, HIGH)
    card = room.bot.texts(PERSON)[1]
    assert card.startswith(f"{LINE}\n\n")
    assert "12356" in card


async def test_others_and_groups_see_nothing_of_it(room):
    await says(room, "/contact 妈妈 13800138000")
    await says(room, HIGH, person=OTHER)
    await says(room, HIGH, chat=GROUP)
    assert all("13800138000" not in text for text in room.bot.texts(OTHER))
    assert all("13800138000" not in text for text in room.bot.texts(GROUP))


async def test_in_a_group_nobody_is_asked_for_a_number(room):
    await says(room, "/contact 妈妈 13800138000", chat=GROUP)
    assert room.bot.texts(GROUP) == [TEXTS.contact_private]
    assert await room.storage.contacts.for_user(PERSON) is None


async def test_whose_only_trace_is_a_contact_gets_it_exported(room):
    await says(room, "/contact 妈妈 13800138000")
    await says(room, "/export")
    assert [call.chat_id for call in room.bot.calls if call.method == "document"] == [PERSON]
    assert TEXTS.export_nothing not in room.bot.texts(PERSON)


async def test_a_contact_is_shown_and_deleted_by_its_button(room):
    await says(room, "/contact 妈妈 13800138000")
    await says(room, "/contact")
    assert room.buttons() == [f"contact:delete:{PERSON}"]
    newest = max(number for chat, number in room.bot.shown if chat == PERSON)
    await room.arrive(press(f"contact:delete:{PERSON}", person=OTHER, message_id=newest))
    assert await room.storage.contacts.for_user(PERSON) is not None
    await room.arrive(press(f"contact:delete:{PERSON}", message_id=newest))
    await room.passes(5)
    assert await room.storage.contacts.for_user(PERSON) is None
    assert room.bot.texts(PERSON)[-1] == TEXTS.contact_deleted
    await says(room, HIGH)
    assert all(LINE not in text for text in room.bot.texts(PERSON))


async def test_nothing_named_and_nothing_understood_say_how_it_is_written(room):
    await says(room, "/contact")
    await says(room, "/contact 妈妈")
    assert room.bot.texts(PERSON) == [TEXTS.contact_none.strip(), TEXTS.contact_unclear]


async def test_a_database_that_is_away_does_not_keep_the_card_back(room, database_switch):
    await says(room, "/contact 妈妈 13800138000")
    database_switch.is_away = True
    room.crisis.send_unrecorded(
        room.crisis.risk_signal(
            Assessment(RiskLevel.HIGH),
            chat_id=PERSON,
            user_id=PERSON,
            language_code="zh",
            update_id=77,
        )
    )
    await room.passes(5)
    assert "12356" in room.bot.texts(PERSON)[-1]
    database_switch.is_away = False


def test_a_long_line_of_separators_is_read_at_once():
    told = read_contact(f"妈妈{',' * 200_000} 13800138000")
    assert told == EmergencyContact("妈妈", "13800138000")
    # A hundred times a message's length, in which the square of it would take minutes.
    assert read_contact(f"a{',' * 200_000}") is None
