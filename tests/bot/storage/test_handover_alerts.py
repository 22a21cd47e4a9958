"""Who is called for a hand-over, and whether it is out: by several replicas, and after a crash."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.storage.models import HandoverAlertRow
from tests.bot.storage.conftest import LEASE

if TYPE_CHECKING:
    from bot.storage import Database
    from tests.bot.storage.conftest import Replica, WallClock

PERSON, CHAT, ADMIN, OTHER_ADMIN = 42, -900, 98, 99
HIGH, IMMINENT = 2, 3
FIVE = timedelta(minutes=5)


async def _calls(replica: Replica, *recipients: int, everyone: bool = False) -> bool:
    """Call people for the one hand-over whose alert is due."""
    [due] = await replica.handover_alerts.list_due()
    return await replica.handover_alerts.owe(due, recipients, everyone=everyone)


async def _sends_all(replica: Replica) -> list[tuple[int, str]]:
    """Send what is owed; to whom and why."""
    claimed = await replica.handover_alerts.claim(10)
    for owed in claimed:
        await replica.handover_alerts.mark_sent(owed.id, 7, "open")
    return [(owed.recipient, owed.kind) for owed in claimed]


async def test_an_alert_is_due_when_the_level_rises_and_not_when_it_is_repeated(
    replica: Replica,
) -> None:
    await replica.handovers.open(PERSON, HIGH)
    assert await _calls(replica, CHAT)
    assert await _sends_all(replica) == [(CHAT, "first")]
    await replica.handovers.open(PERSON, HIGH)
    assert await replica.handover_alerts.list_due() == []
    await replica.handovers.open(PERSON, IMMINENT)
    [due] = await replica.handover_alerts.list_due()
    assert due.level == IMMINENT
    assert await _calls(replica, CHAT)
    await _sends_all(replica)
    await replica.handovers.open(PERSON, HIGH, asked=True)
    [due] = await replica.handover_alerts.list_due()
    assert due.asked_at is not None
    assert due.level == IMMINENT


async def test_one_replica_decides_who_is_called(replica: Replica, other_replica: Replica) -> None:
    await replica.handovers.open(PERSON, HIGH)
    [due] = await replica.handover_alerts.list_due()
    both = await asyncio.gather(
        *(one.handover_alerts.owe(due, [CHAT, ADMIN]) for one in (replica, other_replica))
    )
    assert sorted(both) == [False, True]
    assert sorted(await _sends_all(replica)) == [(CHAT, "first"), (ADMIN, "first")]


async def test_one_process_sends_an_alert_and_another_after_it_died(
    replica: Replica, other_replica: Replica, clock: WallClock
) -> None:
    await replica.handovers.open(PERSON, HIGH)
    await _calls(replica, CHAT)
    [owed] = await replica.handover_alerts.claim(10)
    assert await other_replica.handover_alerts.claim(10) == []
    clock.advance(seconds=LEASE.total_seconds() - 1)
    await replica.handover_alerts.renew([owed.id])
    clock.advance(seconds=LEASE.total_seconds() - 1)
    assert await other_replica.handover_alerts.claim(10) == []
    clock.advance(seconds=2)
    assert await replica.handover_alerts.claim(10, exclude=[owed.id]) == []  # it sends it
    [again] = await other_replica.handover_alerts.claim(10)
    assert again.id == owed.id
    await other_replica.handover_alerts.mark_sent(again.id, 7, "open")
    clock.advance(hours=1)
    assert await replica.handover_alerts.claim(10) == []


async def test_what_nobody_takes_is_found_until_everybody_was_called(
    replica: Replica, clock: WallClock
) -> None:
    await replica.handovers.open(PERSON, HIGH)
    await _calls(replica, CHAT, ADMIN)
    await _sends_all(replica)
    assert await replica.handover_alerts.list_unacknowledged(FIVE) == []
    clock.advance(minutes=5)
    [late] = await replica.handover_alerts.list_unacknowledged(FIVE)
    assert await replica.handover_alerts.recipients(late) == {CHAT, ADMIN}
    assert await replica.handover_alerts.owe(late, [OTHER_ADMIN])
    assert not await replica.handover_alerts.owe(late, [OTHER_ADMIN])  # by another replica
    assert await _sends_all(replica) == [(OTHER_ADMIN, "next")]
    clock.advance(minutes=5)
    [late] = await replica.handover_alerts.list_unacknowledged(FIVE)
    assert await replica.handover_alerts.owe(late, [CHAT, ADMIN], everyone=True)
    assert sorted(await _sends_all(replica)) == [(CHAT, "everyone"), (ADMIN, "everyone")]
    clock.advance(hours=5)
    assert await replica.handover_alerts.list_unacknowledged(FIVE) == []


async def test_who_was_not_called_yet_is_not_called_for_what_is_taken_or_over(
    replica: Replica,
) -> None:
    opened = await replica.handovers.open(PERSON, HIGH)
    await _calls(replica, CHAT, ADMIN)
    await replica.handovers.take(opened.id, ADMIN)
    assert await replica.handover_alerts.claim(10) == []
    await replica.handovers.open(PERSON, IMMINENT)  # the chat hears that it has become worse
    await _calls(replica, CHAT)
    assert await _sends_all(replica) == [(CHAT, "first")]
    await replica.handovers.close(opened.id)
    assert await replica.handover_alerts.claim(10) == []


async def test_messages_are_changed_once_their_hand_over_is_taken_and_forgotten_once_over(
    replica: Replica, database: Database
) -> None:
    async def kept() -> int:
        count = sa.select(sa.func.count()).select_from(HandoverAlertRow)
        return await database.read(lambda c: c.scalar(count) or 0)

    opened = await replica.handovers.open(PERSON, HIGH)
    await _calls(replica, CHAT, ADMIN)
    await _sends_all(replica)
    assert await replica.handover_alerts.list_outdated() == []
    await replica.handovers.take(opened.id, ADMIN)
    outdated = await replica.handover_alerts.list_outdated()
    assert [(one.recipient, one.message_id, one.now) for one in outdated] == [
        (CHAT, 7, "taken"),
        (ADMIN, 7, "taken"),
    ]
    for one in outdated:
        await replica.handover_alerts.mark_shows(one)
    assert await replica.handover_alerts.list_outdated() == []
    await replica.handovers.close(opened.id)
    outdated = await replica.handover_alerts.list_outdated()
    assert [one.now for one in outdated] == ["closed", "closed"]
    await replica.handover_alerts.mark_shows(outdated[0])
    assert await kept() == 1
    await replica.users.erase(PERSON)
    assert await kept() == 0


async def test_the_human_is_owed_the_word_that_a_person_wants_none(replica: Replica) -> None:
    opened = await replica.handovers.open(PERSON, HIGH)
    await _calls(replica, CHAT)
    await _sends_all(replica)
    await replica.handovers.take(opened.id, ADMIN)
    await replica.handovers.decline(PERSON)
    [owed] = await replica.handover_alerts.claim(10)
    assert (owed.recipient, owed.kind) == (ADMIN, "left")
    await replica.handover_alerts.drop(owed.id)
    assert [one.now for one in await replica.handover_alerts.list_outdated()] == ["declined"]


async def test_a_refused_chat_is_tried_again_later(replica: Replica, clock: WallClock) -> None:
    await replica.handovers.open(PERSON, HIGH)
    await _calls(replica, CHAT)
    [owed] = await replica.handover_alerts.claim(10)
    await replica.handover_alerts.postpone(owed.id, FIVE)
    clock.advance(minutes=4)
    assert await replica.handover_alerts.claim(10) == []
    clock.advance(minutes=2)
    assert [one.id for one in await replica.handover_alerts.claim(10)] == [owed.id]
