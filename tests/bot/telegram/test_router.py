"""Which feature an update is for, and what is for none."""

from __future__ import annotations

import pytest

from tests.bot.telegram.room import TEXTS
from tests.bot.telegram.talks import talked, toasts
from tests.bot.telegram.updates import ADMIN, PERSON, message, press


@pytest.mark.parametrize(
    "data",
    [
        "no such button",
        "",
        ":",
        "stop",
        "stop:",
        "stop:abc",
        "redo:1.5",
        "redo:1:2",
        f"redo:{10**40}",
        f"stop:{10**40}",
        "reset:yes:me",
        "reset:yes",
        "erase:yes:42x",
        f"admin_reset:yes:{ADMIN}",
        "admin_reset:yes:x:all",
    ],
)
async def test_data_that_no_button_has_gets_a_toast_and_does_nothing_else(room, data):
    await talked(room)
    calls = len(room.bot.calls)
    [update_id] = await room.arrive(press(data))
    await room.passes(5)
    assert toasts(room) == [TEXTS.button_expired]
    assert [call.method for call in room.bot.calls[calls:]] == ["callback"]
    assert await room.update(update_id) == ("done", None)
    assert await room.turns() == [("answered", None)]
    assert await room.storage.turns.last_for_chat(PERSON) is not None


async def test_an_unknown_command_is_answered_with_what_there_is(room):
    await room.arrive(message("/nothing"))
    await room.passes(5)
    assert room.bot.texts(PERSON) == [TEXTS.unknown_command]
