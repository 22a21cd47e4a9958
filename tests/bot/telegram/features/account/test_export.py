"""/export: everything kept of a person, for that person alone."""

from __future__ import annotations

import asyncio
import json

import sqlalchemy as sa
from telegram.error import Forbidden

from bot.storage import users
from bot.storage.models import TurnRow
from bot.telegram.features.account import export
from tests.bot.telegram.room import TEXTS
from tests.bot.telegram.scripted_engine import ANSWER
from tests.bot.telegram.updates import GROUP, OTHER, PERSON, message

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


async def test_more_than_a_file_holds_goes_on_in_another(room, monkeypatch):
    monkeypatch.setattr(export, "FILE_BYTES", 1000)
    monkeypatch.setattr(users, "TURNS_AT_ONCE", 2)
    said = [f"第{n}句" + "很长" * 30 for n in range(7)]
    for text in said:
        await room.arrive(message(text))
        await room.passes(5)
    await room.arrive(message("/export"))
    await room.passes(10)
    files = [call for call in room.bot.calls if call.method == "document"]
    assert [call.text for call in files] == [
        "shudong.json",
        *(f"shudong-{n}.json" for n in range(2, len(files) + 1)),
    ]
    assert len(files) > 2
    read = [json.loads(call.details["document"]) for call in files]
    assert [turn["you"] for one in read for turn in one["turns"]] == said
    assert "safety" in read[0]
    assert all(one["user_id"] == PERSON for one in read)


async def test_one_is_made_at_a_time(room):
    room.bot.gate = asyncio.Event()
    for person in (PERSON, OTHER):
        await room.storage.users.record_seen(person, "zh")
        await room.storage.users.set_region(person, "hk")
    await room.arrive(message("/export"), message("/export", person=OTHER))
    await room.passes(2)
    assert len([call for call in room.bot.calls if call.method == "document"]) == 1
    room.bot.gate.set()
    await room.passes(2)
    assert len([call for call in room.bot.calls if call.method == "document"]) == 2
