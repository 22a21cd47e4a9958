"""/export: everything kept of a person, for that person alone."""

from __future__ import annotations

import json

import sqlalchemy as sa
from telegram.error import Forbidden

from bot.storage.models import TurnRow
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


async def test_a_damaged_row_and_half_a_character_keep_nobody_from_the_rest(room):
    for text in ("丢了的一句", "\ud83d 我很好"):
        await room.arrive(message(text))
        await room.passes(5)
    await room.storage.database.write(
        lambda c: c.execute(sa.update(TurnRow).where(TurnRow.id == 1).values(user_text=b"spoilt"))
    )
    [update_id] = await room.arrive(message("/export"))
    await room.passes(5)
    assert await room.update(update_id) == ("done", None)
    [file] = [call.details["document"] for call in room.bot.calls if call.method == "document"]
    assert "\ud83d 我很好" in [turn["you"] for turn in json.loads(file)["turns"]]
