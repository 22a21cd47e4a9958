"""Exercises as they are kept: one open sheet, lines once, breathing held by one process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.storage import Breathing
from bot.storage.exercises import KEPT_AT_MOST
from tests.bot.storage.conftest import Replica

if TYPE_CHECKING:
    from bot.storage import Cipher, Database
    from tests.bot.storage.conftest import WallClock

PERSON, OTHER = 7_000_000_001, 7_000_000_002


async def test_lines_are_kept_once_and_only_at_their_step(replica: Replica) -> None:
    sheets = replica.exercises
    await sheets.begin(PERSON, "good", "one")
    assert await sheets.write(PERSON, "one", [(11, "热豆浆")], then="two")
    assert not await sheets.write(PERSON, "one", [(11, "热豆浆")], then="two")
    assert not await sheets.write(PERSON, "two", [(11, "热豆浆")], then="three")
    assert not await sheets.write(OTHER, "one", [(12, "别人的")], then="two")
    sheet = await sheets.open_for(PERSON)
    assert sheet is not None
    assert (sheet.step, sheet.lines) == ("two", {"one": ("热豆浆",)})
    assert await sheets.known_messages(PERSON, [11, 12]) == {11}
    assert await sheets.replace(PERSON, 11, "热粥")
    assert not await sheets.replace(OTHER, 11, "别的")
    assert await sheets.rate(PERSON, "two", "before", 7, then="three")
    assert not await sheets.rate(PERSON, "two", "before", 3, then="three")
    sheet = await sheets.open_for(PERSON)
    assert sheet is not None
    assert (sheet.before, sheet.lines) == (7, {"one": ("热粥",)})


async def test_a_new_sheet_takes_the_place_of_an_open_one_and_the_kept_ones_stay(
    replica: Replica,
) -> None:
    sheets = replica.exercises
    for number in range(KEPT_AT_MOST + 2):
        await sheets.begin(PERSON, "good", "one")
        await sheets.write(PERSON, "one", [(number, f"第{number}件")], then="two")
        assert await sheets.keep(PERSON)
    assert not await sheets.keep(PERSON)
    kept = await sheets.kept(PERSON)
    assert len(kept) == KEPT_AT_MOST
    assert kept[0].lines == {"one": (f"第{KEPT_AT_MOST + 1}件",)}
    await sheets.begin(PERSON, "good", "one")
    await sheets.begin(PERSON, "worry", "what")
    sheet = await sheets.open_for(PERSON)
    assert sheet is not None
    assert sheet.exercise == "worry"
    assert not await sheets.throw_away(OTHER, kept[0].id)
    assert await sheets.throw_away(PERSON, kept[0].id)


async def test_what_is_left_open_goes_behind_a_day(replica: Replica, clock: WallClock) -> None:
    await replica.exercises.begin(PERSON, "good", "one")
    clock.advance(hours=23)
    await replica.exercises.purge()
    assert await replica.exercises.open_for(PERSON) is not None
    clock.advance(hours=2)
    await replica.exercises.purge()
    assert await replica.exercises.open_for(PERSON) is None


async def test_one_line_is_asked_for_at_a_time(replica: Replica) -> None:
    asked = replica.asked_lines
    await asked.ask(PERSON, "mood", 5)
    await asked.ask(PERSON, "exercise")
    await asked.note_shown(PERSON, "mood", 6)
    found = await asked.asked(PERSON)
    assert found is not None
    assert (found.purpose, found.shown_in) == ("exercise", None)
    await asked.note_shown(PERSON, "exercise", 6)
    await asked.stop(PERSON, "mood")
    found = await asked.asked(PERSON)
    assert found is not None
    assert found.shown_in == 6
    await asked.stop(PERSON)
    assert await asked.asked(PERSON) is None


async def test_breathing_is_ended_by_the_next_process_once_its_own_is_gone(
    replica: Replica, database: Database, cipher: Cipher, clock: WallClock
) -> None:
    other = Replica(database, cipher, "replica-2", clock)
    first = Breathing(PERSON, 5, "breathbox")
    assert await replica.breathings.begin(first) is None
    assert await replica.breathings.goes_on(first)
    assert await other.breathings.claim_left(9) == []
    clock.advance(seconds=15)
    await replica.breathings.renew([PERSON])
    clock.advance(seconds=15)
    assert await other.breathings.claim_left(9) == []
    clock.advance(minutes=2)
    assert await other.breathings.claim_left(9) == [first]
    assert await replica.breathings.claim_left(9) == []
    second = Breathing(PERSON, 6, "breath478")
    assert await replica.breathings.begin(second) == first
    assert not await replica.breathings.goes_on(first)
    assert not await replica.breathings.end(first)
    assert await replica.breathings.stop(PERSON) == second
    assert await replica.breathings.stop(PERSON) is None


async def test_erasing_a_person_leaves_nothing_of_it(replica: Replica) -> None:
    await replica.exercises.begin(PERSON, "good", "one")
    await replica.exercises.write(PERSON, "one", [(1, "热豆浆")], then="two")
    await replica.asked_lines.ask(PERSON, "exercise")
    await replica.breathings.begin(Breathing(PERSON, 5, "breathbox"))
    await replica.users.erase(PERSON)
    assert (await replica.users.export(PERSON)).sheets == ()
    assert await replica.asked_lines.asked(PERSON) is None
    assert await replica.breathings.stop(PERSON) is None
