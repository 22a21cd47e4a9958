"""What tests of commands and buttons do over and over."""

from __future__ import annotations

from tests.bot.telegram.updates import PERSON, message


def toasts(room):
    return [text for _, text, _ in room.bot.answered]


async def talked(room, chat=None, person=PERSON):
    """One turn, so that there is something to forget."""
    await room.arrive(message("睡不着", person=person, chat=chat))
    await room.passes(5)
    assert await room.storage.turns.last_for_chat(chat or person) is not None
