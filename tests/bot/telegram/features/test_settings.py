"""/settings: a screen of buttons, each of which counts at once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bot.locales import Language, texts_for
from bot.locales.settings import settings_texts_for
from bot.storage import Preferences
from bot.telegram.features.settings.keyboards import parse_setting
from tests.bot.telegram.room import CHECK_IN_AFTER, TEXTS
from tests.bot.telegram.updates import GROUP, OTHER, PERSON, message, press

if TYPE_CHECKING:
    from tests.bot.telegram.room import Room

WORDS = settings_texts_for(Language.ZH_CN)
ENGLISH = settings_texts_for(Language.EN)


class Person:
    """A person at their settings."""

    def __init__(self, room: Room) -> None:
        self.room = room

    async def opens(self) -> None:
        await self.room.arrive(message("/settings"))

    async def presses(self, data: str, **fields: Any) -> None:
        await self.room.arrive(press(data, message_id=self.newest, **fields))
        await self.room.passes(5)

    @property
    def newest(self) -> int:
        return max(number for chat, number in self.room.bot.shown if chat == PERSON)

    @property
    def sees(self) -> str:
        return self.room.bot.shown[PERSON, self.newest][0]

    @property
    def labels(self) -> list[str]:
        keyboard = self.room.bot.shown[PERSON, self.newest][1]
        return [button.text for row in keyboard.inline_keyboard for button in row]

    async def chosen(self) -> Preferences:
        return await self.room.storage.preferences.for_user(PERSON)


@pytest.fixture
def person(room: Room) -> Person:
    return Person(room)


async def test_the_screen_says_what_is_set_and_each_row_opens_its_page(person):
    await person.opens()
    assert person.sees == WORDS.title
    assert WORDS.row_manner(value=WORDS.manner_both) in person.labels
    assert WORDS.row_quiet(value=WORDS.quiet_none) in person.labels
    for data in [one for one in person.room.buttons() if one.startswith("set:")]:
        await person.presses(data)
        assert WORDS.button_back in person.labels
        assert sum("✓" in label for label in person.labels) == 1
        await person.presses("set:show")
        assert person.sees == WORDS.title


async def test_what_is_pressed_is_kept_and_pressing_twice_is_once(person):
    await person.opens()
    for _ in range(2):
        await person.presses("set:manner:listen")
        await person.presses("set:length:brief")
    assert await person.chosen() == Preferences(manner="listen", is_brief=True)
    assert WORDS.row_manner(value=WORDS.manner_listen) in person.labels
    await person.presses("set:manner:-")
    assert (await person.chosen()).manner is None


async def test_the_model_is_told_and_answers_in_the_script_of_its_person(person):
    await person.opens()
    await person.presses("set:manner:listen")
    await person.presses("set:length:brief")
    person.room.engine.will("你说的我听见了。")
    await person.room.arrive(message("今天上課好難受"))
    await person.room.passes(5)
    system = person.room.engine.prompts[-1][0].content
    assert "多听" in system
    assert "一到三句" in system
    assert person.sees == "你說的我聽見了。"


async def test_a_chosen_language_is_spoken_at_once_and_the_place_is_asked_after(person):
    await person.opens()
    await person.presses("set:language:en")
    assert person.sees == ENGLISH.ask_region_once
    await person.presses("set:region:UK")
    assert person.sees == ENGLISH.title
    await person.room.arrive(message("/about"))
    await person.room.passes(5)
    assert "AI" in person.sees
    await person.room.arrive(message("我不想活了"))
    await person.room.passes(5)
    cards = [text for _, text in person.room.methods() if "85258" in text]
    assert any("UK: Shout" in text for text in cards)
    await person.opens()
    await person.presses("set:language:-")
    assert person.sees == WORDS.title


async def test_a_place_that_was_chosen_is_not_asked_for_again(person):
    await person.opens()
    await person.presses("set:region:HK")
    await person.presses("set:language:zh-TW")
    assert person.sees == settings_texts_for(Language.ZH_TW).title
    await person.presses("set:region:-")
    user = await person.room.storage.users.get(PERSON)
    assert user.region is None


async def test_quiet_hours_ask_for_the_clock_once(person):
    await person.opens()
    await person.presses("set:quiet:22-8")
    assert person.sees.startswith("记住了")
    await person.presses("set:zone:Europe/London")
    assert (await person.chosen()).time_zone == "Europe/London"
    await person.presses("set:quiet:23-7")
    assert person.sees == WORDS.title
    assert (await person.chosen()).quiet_from == 23


async def test_nobody_is_asked_after_in_their_quiet_hours(room):
    await room.storage.preferences.change(PERSON, quiet_from=0, quiet_until=23)
    await room.arrive(message("我不想活了"))
    await room.passes(CHECK_IN_AFTER.total_seconds() + 60)
    await room.sweep()
    asked = [text for _, text in room.methods() if text == TEXTS.risk_check_in]
    due = (await room.storage.risk.for_user(PERSON)).check_in_at
    assert asked == []
    assert due is not None
    assert due > room.now()
    await room.storage.preferences.change(PERSON, quiet_from=None, quiet_until=None)
    await room.sleeps_through((due - room.now() + timedelta(minutes=1)).total_seconds())
    await room.sweep()
    assert [text for _, text in room.methods()].count(TEXTS.risk_check_in) == 1


async def test_check_ins_are_switched_off_and_on_again(person):
    await person.opens()
    await person.presses("set:check_ins:-")
    assert WORDS.row_check_ins(value=WORDS.check_ins_off) in person.labels
    await person.presses("set:check_ins:on")
    user = await person.room.storage.users.get(PERSON)
    assert user.check_ins_off_at is None


async def test_in_a_group_only_the_way_to_the_private_chat_is_shown(room):
    await room.arrive(message("/settings", chat=GROUP))
    assert [text for _, text in room.methods(GROUP)] == [TEXTS.private_here]


async def test_another_persons_press_changes_nothing(room):
    await room.arrive(message("/settings"))
    data = press("set:length:brief", message_id=1, person=OTHER, chat=GROUP)
    await room.arrive(data)
    assert await room.storage.preferences.for_user(OTHER) == Preferences()
    assert await room.storage.preferences.for_user(PERSON) == Preferences()


@pytest.mark.parametrize("data", ["", "x", "language:zh:CN", "manner:a:b"])
def test_data_of_no_button_is_refused(data):
    with pytest.raises(ValueError):  # noqa: PT011 - any will do: the router asks for no more
        parse_setting(data.split(":"))


@pytest.mark.parametrize("value", ["loud", "listen'", "1-2", "Mars/Olympus"])
async def test_a_value_of_no_button_changes_nothing(person, value):
    await person.opens()
    for page in ("manner", "quiet", "zone", "language", "length", "region"):
        await person.presses(f"set:{page}:{value}")
    assert await person.chosen() == Preferences()


async def test_what_was_chosen_is_erased_with_everything(person):
    await person.opens()
    await person.presses("set:language:en")
    await person.room.arrive(press(f"erase:yes:{PERSON}", message_id=person.newest))
    await person.room.passes(5)
    assert person.sees == texts_for(Language.EN).erase_done
    assert await person.chosen() == Preferences()
    await person.opens()
    assert person.sees == WORDS.title
