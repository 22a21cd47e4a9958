"""/about: what answers here, and how to reach who runs it."""

from __future__ import annotations

import pytest

from bot import __version__
from bot.locales import Language, texts_for
from bot.telegram.features.about import contact_operator
from tests.bot.telegram.room import TEXTS
from tests.bot.telegram.updates import PERSON, message


async def about(room):
    await room.arrive(message("/about"))
    await room.passes(5)
    [text] = room.bot.texts(PERSON)
    return text


async def test_it_names_version_model_licence_and_contact(open_room):
    text = await about(open_room(operator_contact="care@example.org"))
    for told in (__version__, "scripted", "Apache-2.0", "care@example.org"):
        assert told in text


async def test_an_operator_who_left_no_contact_is_not_made_up(room):
    assert TEXTS.about_no_contact in await about(room)
    assert room.buttons() == []


async def test_a_name_with_underscores_is_shown_as_it_is(open_room):
    room = open_room(operator_contact="@tree_hole_team")
    assert "@tree_hole_team" in await about(room)
    [[button]] = room.bot.shown[PERSON, 1][1].inline_keyboard
    assert (button.text, button.url) == (TEXTS.about_contact, "https://t.me/tree_hole_team")


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize(
    ("contact", "address"),
    [
        ("@shudong", "https://t.me/shudong"),
        ("https://example.org/help", "https://example.org/help"),
        ("care@example.org", None),
        ("@ab", None),
        ("https://", None),
        ("@shudong or care@example.org", None),
        (None, None),
    ],
)
def test_only_what_a_tap_can_open_becomes_a_button(language, contact, address):
    keyboard = contact_operator(texts_for(language), contact)
    shown = [button.url for row in keyboard.inline_keyboard for button in row] if keyboard else []
    assert shown == ([address] if address else [])


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("internlm/internlm2_5-7b-chat", "internlm/internlm2_5-7b-chat"),
        ("/srv/models/shudong-7b-w4a16/", "shudong-7b-w4a16"),
        ("", TEXTS.about_model_unknown),
    ],
)
async def test_a_model_served_by_its_path_does_not_tell_where_it_lies(open_room, name, shown):
    room = open_room(model_name=name)
    text = await about(room)
    assert shown in text
    assert "/srv" not in text
