from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.storage import Disclosure

if TYPE_CHECKING:
    from bot.storage import Age
    from tests.bot.storage.conftest import Replica, WallClock

PERSON = 7_000_000_001


async def test_what_was_told_is_known_to_every_replica(
    replica: Replica, other_replica: Replica, clock: WallClock
) -> None:
    assert await replica.disclosures.for_user(PERSON) == Disclosure()
    told = Disclosure(
        told_at=clock(), asked_at=clock(), asked=1, session_began_at=clock(), last_wrote_at=clock()
    )
    await replica.disclosures.record(PERSON, told)
    clock.advance(hours=2)
    assert await other_replica.disclosures.for_user(PERSON) == told
    later = replace(told, last_wrote_at=clock(), break_at=clock())
    await other_replica.disclosures.record(PERSON, later)
    assert await replica.disclosures.for_user(PERSON) == later


async def test_an_answer_given_meanwhile_is_not_overwritten(
    replica: Replica, clock: WallClock
) -> None:
    before = await replica.disclosures.for_user(PERSON)
    await replica.disclosures.set_age(PERSON, "child")
    await replica.disclosures.record_guardian_consent(PERSON)
    await replica.disclosures.record(PERSON, replace(before, told_at=clock()))
    known = await replica.disclosures.for_user(PERSON)
    assert (known.age, known.guardian_agreed_at, known.told_at) == ("child", clock(), clock())


@pytest.mark.parametrize(
    ("age", "is_minor"), [("adult", False), ("minor", True), ("teen", True), ("child", True)]
)
async def test_the_flag_of_a_minor_follows_the_answer(
    replica: Replica, age: Age, is_minor: bool
) -> None:
    assert not await replica.disclosures.is_minor(PERSON)
    await replica.disclosures.set_age(PERSON, age)
    assert await replica.disclosures.is_minor(PERSON) is is_minor


async def test_disclosures_are_exported_and_erased_with_the_person(replica: Replica) -> None:
    await replica.disclosures.set_age(PERSON, "teen")
    await replica.disclosures.set_age(PERSON + 1, "adult")
    exported = (await replica.users.export(PERSON)).disclosure
    assert exported is not None
    assert exported.age == "teen"
    await replica.users.erase(PERSON)
    assert (await replica.users.export(PERSON)).disclosure is None
    assert (await replica.disclosures.for_user(PERSON + 1)).age == "adult"


async def test_people_are_counted_by_the_age_they_said(replica: Replica) -> None:
    await replica.disclosures.set_age(PERSON, "teen")
    await replica.disclosures.set_age(PERSON + 1, "teen")
    await replica.disclosures.record(PERSON + 2, Disclosure(asked=1))
    assert await replica.disclosures.count_by_age() == {"teen": 2, None: 1}
