from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from bot.storage import StorageError
from bot.storage.models import HandoverMessageRow

if TYPE_CHECKING:
    from bot.storage import Database
    from tests.bot.storage.conftest import Replica, WallClock

PERSON, OTHER, ADMIN, OTHER_ADMIN = 42, 43, 98, 99
HIGH, IMMINENT = 2, 3


async def test_one_person_has_one_hand_over_until_it_is_closed(
    replica: Replica, other_replica: Replica
) -> None:
    both = await asyncio.gather(
        *(which.handovers.open(PERSON, HIGH) for which in (replica, other_replica) * 3)
    )
    assert len({handover.id for handover in both}) == 1
    assert await replica.handovers.close(both[0].id)
    assert not await replica.handovers.close(both[0].id)
    assert (await replica.handovers.open(PERSON, HIGH)).id > both[0].id


async def test_of_two_admins_who_press_at_once_one_takes_over(
    replica: Replica, other_replica: Replica
) -> None:
    opened = await replica.handovers.open(PERSON, HIGH)
    taken = await asyncio.gather(
        replica.handovers.take(opened.id, ADMIN),
        other_replica.handovers.take(opened.id, OTHER_ADMIN),
    )
    winners = [handover.admin_id for handover in taken if handover is not None]
    assert len(winners) == 1
    assert (await replica.handovers.take(opened.id, winners[0])) is not None  # pressed twice
    held = await replica.handovers.for_user(PERSON)
    assert held is not None
    assert held.admin_id == winners[0]
    assert await replica.handovers.for_admin(winners[0]) == held


async def test_an_admin_writes_to_one_person_at_a_time(replica: Replica) -> None:
    first = await replica.handovers.open(PERSON, HIGH)
    second = await replica.handovers.open(OTHER, HIGH)
    assert await replica.handovers.take(first.id, ADMIN)
    with pytest.raises(StorageError):
        await replica.handovers.take(second.id, ADMIN)
    await replica.handovers.close(first.id)
    assert await replica.handovers.take(second.id, ADMIN)


async def test_a_take_can_be_undone_for_somebody_else(replica: Replica) -> None:
    opened = await replica.handovers.open(PERSON, HIGH)
    await replica.handovers.take(opened.id, ADMIN)
    await replica.handovers.release(opened.id)
    assert await replica.handovers.for_user(PERSON) is None
    assert [due.id for due in await replica.handover_alerts.list_due()] == [opened.id]
    assert await replica.handovers.take(opened.id, OTHER_ADMIN)


async def test_what_stands_still_is_found_and_a_word_of_either_keeps_it_going(
    replica: Replica, clock: WallClock
) -> None:
    opened = await replica.handovers.open(PERSON, HIGH)
    await replica.handovers.take(opened.id, ADMIN)
    clock.advance(hours=11)
    await replica.handovers.note_person_wrote(opened.id)
    clock.advance(hours=11)
    assert await replica.handovers.list_idle(timedelta(hours=12)) == []
    clock.advance(hours=1)
    assert [h.id for h in await replica.handovers.list_idle(timedelta(hours=12))] == [opened.id]


async def test_who_asked_and_waits_is_found_once(replica: Replica, clock: WallClock) -> None:
    await replica.handovers.open(OTHER, IMMINENT)  # an alert nobody asked for
    asked = await replica.handovers.open(PERSON, HIGH, asked=True)
    ten = timedelta(minutes=10)
    assert await replica.handovers.list_unanswered(ten) == []
    clock.advance(minutes=10)
    assert [h.id for h in await replica.handovers.list_unanswered(ten)] == [asked.id]
    await replica.handovers.mark_told_nobody(asked.id)
    assert await replica.handovers.list_unanswered(ten) == []


async def test_who_wants_no_human_is_given_back_and_for_a_day_only_their_asking_brings_one(
    replica: Replica, clock: WallClock
) -> None:
    opened = await replica.handovers.open(PERSON, HIGH)
    await replica.handovers.take(opened.id, ADMIN)
    ended = await replica.handovers.decline(PERSON)
    assert ended is not None
    assert (ended.state, ended.admin_id) == ("taken", ADMIN)
    assert await replica.handovers.for_user(PERSON) is None
    assert await replica.handovers.decline(PERSON) is None

    clock.advance(hours=23)
    again = await replica.handovers.open(PERSON, IMMINENT)
    assert again.declined_at is not None
    assert await replica.handovers.take(again.id, ADMIN) is None
    asked = await replica.handovers.open(PERSON, HIGH, asked=True)
    assert (asked.id, asked.declined_at, asked.alert_due) == (again.id, None, True)
    assert await replica.handovers.take(again.id, ADMIN) is not None

    await replica.handovers.close(again.id)
    clock.advance(hours=2)
    assert (await replica.handovers.open(PERSON, HIGH)).declined_at is None
    assert (await replica.handovers.open(OTHER, HIGH)).declined_at is None


async def test_a_human_who_passes_on_leaves_a_person_who_waits_for_the_next(
    replica: Replica, clock: WallClock
) -> None:
    opened = await replica.handovers.open(PERSON, HIGH)
    await replica.handovers.take(opened.id, ADMIN)
    await replica.handovers.note_human_came(opened.id)
    held = await replica.handovers.get(opened.id)
    assert held is not None
    assert await replica.handovers.reopen(held, promised=True)
    assert not await replica.handovers.reopen(held, promised=True)  # pressed twice
    left = await replica.handovers.get(opened.id)
    assert left is not None
    assert (left.state, left.left_by, left.alert_due) == ("open", ADMIN, True)
    assert left.first_taken_at == clock()
    clock.advance(minutes=10)
    waiting = await replica.handovers.list_unanswered(timedelta(minutes=10))
    assert [handover.id for handover in waiting] == [opened.id]


async def test_what_a_human_wrote_rests_encrypted_is_exported_and_erased(
    replica: Replica, database: Database, clock: WallClock
) -> None:
    opened = await replica.handovers.open(PERSON, HIGH)
    await replica.handovers.record_message(opened, "我是值班的小陈，你现在安全吗")
    sealed = await database.read(lambda c: c.scalar(sa.select(HandoverMessageRow.said)))
    assert "小陈".encode() not in sealed
    [said] = (await replica.users.export(PERSON)).from_humans
    assert (said.text, said.at) == ("我是值班的小陈，你现在安全吗", clock())
    await replica.users.erase(PERSON)
    assert (await replica.users.export(PERSON)).from_humans == ()
    assert await replica.handovers.get(opened.id) is None
