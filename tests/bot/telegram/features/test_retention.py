"""What is kept of who does not write goes after a notice, where the operator has set a time."""

from __future__ import annotations

from datetime import timedelta

from tests.bot.telegram.room import TEXTS
from tests.bot.telegram.updates import PERSON, message

NOTICE = TEXTS.retention_notice(count=14)


async def look(room) -> None:
    await room.retention.run_due()  # as the sweep does, once an hour
    await room.passes(5)


def told(room) -> int:
    return sum(text == NOTICE for _, text in room.methods())


async def test_the_person_is_told_once_and_then_everything_of_them_is_gone(open_room) -> None:
    room = open_room(kept_for=timedelta(days=90))
    await room.arrive(message("很久以前说的话"))
    await room.sleeps_through(80 * 86_400)
    await look(room)
    await room.sleeps_through(3700)
    await look(room)
    assert told(room) == 1
    assert await room.storage.users.get(PERSON) is not None
    await room.sleeps_through(15 * 86_400)
    await look(room)
    assert await room.storage.users.get(PERSON) is None
    assert (await room.storage.users.export(PERSON)).turns == ()


async def test_who_writes_back_stays(open_room) -> None:
    room = open_room(kept_for=timedelta(days=90))
    await room.arrive(message("很久以前说的话"))
    await room.sleeps_through(80 * 86_400)
    await look(room)
    await room.arrive(message("我还在"))
    await room.sleeps_through(30 * 86_400)
    await look(room)
    assert len((await room.storage.users.export(PERSON)).turns) == 2


async def test_without_a_time_nobody_is_told_or_erased(open_room) -> None:
    room = open_room()
    await room.arrive(message("很久以前说的话"))
    await room.sleeps_through(4000 * 86_400)
    await look(room)
    assert told(room) == 0
    assert await room.storage.users.get(PERSON) is not None
