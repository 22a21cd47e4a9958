"""/export: everything kept of a person, for that person alone."""

from __future__ import annotations

from telegram.error import Forbidden

from tests.bot.telegram.room import TEXTS
from tests.bot.telegram.scripted_engine import ANSWER
from tests.bot.telegram.updates import GROUP, PERSON, message

STRANGER = 777


async def test_what_was_asked_in_a_group_is_sent_to_the_person_alone(room):
    await room.arrive(message("我的秘密"))
    await room.passes(5)
    await room.arrive(message("/export@shudong_bot", chat=GROUP))
    await room.passes(5)
    documents = [call.chat_id for call in room.bot.calls if call.method == "document"]
    assert documents == [PERSON]
    assert room.bot.texts(GROUP) == []


async def test_an_export_with_nothing_in_it_says_so(room):
    await room.arrive(message("/export", person=STRANGER))
    await room.passes(5)
    assert room.methods(STRANGER) == [("send", TEXTS.export_nothing)]


async def test_who_cannot_be_written_to_is_told_so_in_the_group_they_asked_in(room):
    await room.arrive(message("我说的", chat=GROUP))
    await room.passes(5)
    room.bot.chat_faults[PERSON].append(Forbidden("bot can't initiate conversation"))
    [update_id] = await room.arrive(message("/export@shudong_bot", chat=GROUP))
    await room.passes(5)
    assert room.bot.texts(GROUP) == [ANSWER, TEXTS.export_private]
    assert await room.update(update_id) == ("done", None)
