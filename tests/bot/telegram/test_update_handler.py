"""The lane that does not wait: what passes the queue, and what happens when it goes wrong."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
import sqlalchemy as sa
from telegram.error import Forbidden

from bot.locales import Language
from bot.safety import render_hotlines
from bot.storage import StorageError
from bot.storage.db.errors import WrongKey
from bot.storage.models import UpdateRow
from bot.telegram.outbound.rendering import render
from bot.telegram.update_handler import MAX_TRIES
from tests.bot.telegram.room import TEXTS
from tests.bot.telegram.updates import PERSON, message

HOTLINES = [part.text for part in render(render_hotlines(Language.ZH_CN))]


async def test_help_goes_out_before_an_answer_that_waits_for_its_slot(room, engine):
    more = asyncio.Event()
    engine.will("我在听，", more, "你说。")
    await room.arrive(message("睡不着"))
    more.set()  # the answer ends while the slot of its first message is not over
    await room.arrive(message("/help_now"))
    await room.passes(10)
    assert room.methods() == [
        ("send", "我在听，"),
        *(("send", part) for part in HOTLINES),
        ("edit", "我在听，你说。"),
    ]


async def test_a_command_that_cannot_be_read_does_not_stop_the_others(room):
    broken, good = await room.store(message("/help"), message("/safety"))
    await room.storage.database.write(
        lambda connection: connection.execute(
            sa.update(UpdateRow)
            .where(UpdateRow.update_id == broken)
            .values(payload=b"not what was written")
        )
    )
    await room.passes(5)
    assert room.bot.texts(PERSON) == [TEXTS.care_safety.strip()]
    assert await room.update(broken) == ("failed", "unreadable")
    assert await room.update(good) == ("done", None)


async def test_an_update_the_library_cannot_read_is_kept_as_failed(room):
    [odd] = await room.arrive({"update_id": 900_001, "message": "?"})
    for _ in range(MAX_TRIES):
        await room.sweep()
    assert await room.update(odd) == ("failed", "handler_error")


async def test_a_handler_that_raises_is_tried_a_few_times_and_then_said_to_have_failed(
    room, monkeypatch
):
    tries = []

    async def broken(asked):
        tries.append(asked)
        raise RuntimeError

    monkeypatch.setitem(
        room.router.commands, "help", replace(room.router.commands["help"], run=broken)
    )
    [update_id] = await room.arrive(message("/help"))
    await room.passes(1)
    assert len(tries) == 1  # the next one is for the next sweep, not for the same moment
    for _ in range(MAX_TRIES + 2):
        await room.sweep()
        await room.passes(1)
    assert len(tries) == MAX_TRIES == 3
    assert await room.update(update_id) == ("failed", "handler_error")
    assert room.bot.texts(PERSON) == [TEXTS.error_once_more]


async def test_a_command_is_done_once_the_database_is_back(room, database_switch, monkeypatch):
    help_said = room.router.commands["help"].run

    async def said_and_lost(asked):
        database_switch.is_away = True
        await help_said(asked)

    monkeypatch.setitem(
        room.router.commands, "help", replace(room.router.commands["help"], run=said_and_lost)
    )
    [update_id] = await room.arrive(message("/help"))
    await room.passes(31)
    assert room.update_handler.held == []
    monkeypatch.setitem(
        room.router.commands, "help", replace(room.router.commands["help"], run=help_said)
    )
    database_switch.is_away = False
    await room.sweep()
    await room.passes(5)
    assert await room.update(update_id) == ("done", None)


async def test_a_command_in_a_chat_that_is_shut_ends_and_marks_it(room):
    await room.arrive(message("你好"))
    await room.passes(5)
    room.bot.chat_faults[PERSON].append(Forbidden("bot was blocked"))
    [update_id] = await room.arrive(message("/help"))
    await room.passes(5)
    assert await room.update(update_id) == ("done", None)
    assert (await room.storage.users.get(PERSON)).unreachable_at is not None


@pytest.mark.parametrize("error", [StorageError("wrong data"), WrongKey("damaged")])
async def test_what_no_further_try_can_mend_is_given_up(room, monkeypatch, error):
    async def broken(asked):
        raise error

    monkeypatch.setitem(
        room.router.commands, "help", replace(room.router.commands["help"], run=broken)
    )
    [update_id] = await room.arrive(message("/help"))
    for _ in range(MAX_TRIES):
        await room.sweep()
        await room.passes(1)
    assert await room.update(update_id) == ("failed", "handler_error")
    assert room.bot.texts(PERSON) == [TEXTS.error_once_more]
