"""What cannot be understood is kept, and keeps nobody else out."""

from __future__ import annotations

import pytest

from bot.storage import DatabaseUnavailable, StorageError
from bot.telegram.inbound import intake
from bot.telegram.inbound.polling import FIRST_PAUSE, MAX_PAUSE, Polling
from tests.bot.telegram.room import TEXTS
from tests.bot.telegram.scripted_engine import ANSWER
from tests.bot.telegram.updates import GROUP, OTHER, PERSON, message

UNREADABLE = {"update_id": 500_001, "message": {"message_id": "?", "chat": 3}}


def half_an_emoji():
    """A group message whose text ends in the middle of a character, with a mention in it."""
    update = message("@shudong_bot \ud83d", chat=GROUP)
    del update["message"]["reply_to_message"]
    update["message"]["entities"] = [{"type": "mention", "offset": 0, "length": 12}]
    return update


async def test_an_update_the_library_cannot_read_does_not_keep_the_others_out(room):
    await room.arrive(UNREADABLE, message("睡不着"))
    await room.passes(5)
    assert room.bot.texts(PERSON) == [ANSWER]
    assert await room.update(UNREADABLE["update_id"]) is not None


async def test_half_a_character_in_a_group_does_not_keep_the_others_out(room):
    odd = half_an_emoji()
    await room.arrive(odd, message("睡不着"))
    await room.passes(5)
    assert room.bot.texts(PERSON) == [ANSWER]
    assert await room.update(odd["update_id"]) is not None


async def test_a_lane_that_cannot_be_told_does_not_keep_the_others_out(room, monkeypatch):
    odd, good = message("一"), message("二")
    told = intake.lane_of

    def lane_of(update, *more):
        if update.update_id == odd["update_id"]:
            raise RuntimeError
        return told(update, *more)

    monkeypatch.setattr(intake, "lane_of", lane_of)
    await room.arrive(odd, good)
    await room.passes(5)
    assert await room.update(good["update_id"]) == ("done", None)
    assert await room.update(odd["update_id"]) is not None


NO_IDS = [2**63, -(2**63) - 1, 10**30, 1e308, float("nan"), True, None, "7", [], {"id": 1}]


@pytest.mark.parametrize("odd_id", NO_IDS, ids=repr)
@pytest.mark.parametrize("where", ["chat", "from", "message_id"])
async def test_an_id_that_is_none_costs_nobody_else_theirs(room, where, odd_id):
    odd = message("我不想活了")
    said = odd["message"]
    if where == "message_id":
        said["message_id"] = odd_id
    else:
        said[where]["id"] = odd_id
    await room.arrive(odd, message("睡不着", person=OTHER))
    await room.passes(5)
    assert room.bot.texts(OTHER) == [ANSWER]
    assert await room.update(odd["update_id"]) is not None


class Telegram:
    """Gives out updates until they are confirmed, and notes what was asked for."""

    def __init__(self, *updates):
        self._updates = list(updates)
        self.offsets = []

    async def raw_updates(self, offset, seconds, allowed):
        self.offsets.append(offset)
        waiting = [u for u in self._updates if offset is None or u["update_id"] >= offset]
        if not waiting:
            raise AssertionError("all are confirmed")
        return waiting


class Keeper:
    """Keeps updates, or fails first as it is told."""

    def __init__(self, *failures):
        self._failures = list(failures)
        self.kept = []

    async def keep(self, updates):
        if self._failures:
            raise self._failures.pop(0)
        self.kept += [update["update_id"] for update in updates]


async def polled(clock, keeper, seconds, passes):
    telegram = Telegram({"update_id": 7})
    polling = Polling(telegram, keeper, clock=clock, sleep=clock.sleep)
    await polling.start()
    await passes(seconds)
    await polling.stop()
    return telegram


async def test_polling_goes_on_after_a_fault_of_ours_and_confirms_nothing_before(room, clock):
    keeper = Keeper(RuntimeError())
    telegram = await polled(clock, keeper, MAX_PAUSE, room.passes)
    assert keeper.kept == [7]
    assert telegram.offsets[:3] == [None, None, 8]


async def test_what_was_not_stored_is_not_confirmed(room, clock):
    keeper = Keeper(DatabaseUnavailable("away"))
    telegram = await polled(clock, keeper, FIRST_PAUSE, room.passes)
    assert keeper.kept == [7]
    assert telegram.offsets[:3] == [None, None, 8]


async def test_an_update_the_database_will_not_take_costs_nobody_else_theirs(
    open_room, monkeypatch
):
    room = open_room()
    keep = type(room.storage.inbox).add_with_cards

    async def refuses_one(inbox, updates, *rest):
        if any("坏".encode() in update.payload for update in updates):
            raise StorageError("PostgreSQL could not do what was asked (SQLSTATE 22021).")
        return await keep(inbox, updates, *rest)

    monkeypatch.setattr(type(room.storage.inbox), "add_with_cards", refuses_one)
    bad, good = message("坏"), message("睡不着", person=OTHER)
    await room.arrive(bad, good)
    for _ in range(4):
        await room.sweep()
        await room.passes(5)
    assert room.bot.texts(OTHER) == [ANSWER]
    assert await room.update(bad["update_id"]) == ("failed", "handler_error")
    assert room.bot.texts(PERSON) == [TEXTS.error_once_more]
