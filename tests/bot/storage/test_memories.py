"""What is remembered of people: owed until it is made, written once, gone when they say so."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from bot.storage import MemoryChanges, MemoryFact, MemoryKind, NewMemory

if TYPE_CHECKING:
    from bot.storage import DueFold
    from tests.bot.storage.conftest import Replica

PERSON = 7
NAME = MemoryFact(MemoryKind.NAME, "小林")
CAT = MemoryFact(MemoryKind.EVENT, "年糕走了", on=date(2026, 11, 20))


async def said(
    replica: Replica, text: str = "你好", *, fold_in: timedelta | None = timedelta()
) -> int:
    update_id = await replica.arrives(PERSON)
    turn = await replica.turns.begin(PERSON, PERSON, text, [update_id])
    assert turn is not None
    fold_at = None if fold_in is None else replica.clock() + fold_in
    assert await replica.turns.finish(turn.id, "嗯", "answered", fold_at=fold_at) is not None
    return turn.id


async def claimed(replica: Replica) -> DueFold:
    (due,) = await replica.memory_folds.claim_due(4)
    return due


def told(*facts: MemoryFact, turn_id: int = 1, replica: Replica) -> MemoryChanges:
    until = replica.clock() + timedelta(days=30)
    return MemoryChanges(added=tuple(NewMemory(fact, turn_id, until) for fact in facts))


async def remembered(replica: Replica) -> list[MemoryFact]:
    return [line.fact for line in (await replica.memories.for_user(PERSON)).lines]


async def test_what_was_said_is_owed_until_it_is_folded_and_no_longer(replica: Replica) -> None:
    await said(replica, fold_in=timedelta(minutes=30))
    assert await replica.memory_folds.claim_due(4) == []
    replica.clock.advance(minutes=31)
    due = await claimed(replica)
    assert (due.user_id, due.folded_number) == (PERSON, 0)
    assert await replica.memory_folds.claim_due(4) == []
    assert await replica.memory_folds.complete(due, 1, told(NAME, CAT, replica=replica))
    replica.clock.advance(days=1)
    assert await replica.memory_folds.claim_due(4) == []
    assert await remembered(replica) == [NAME, CAT]


async def test_a_process_that_dies_over_it_leaves_it_to_the_next(
    replica: Replica, other_replica: Replica
) -> None:
    await said(replica)
    lost = await claimed(replica)
    replica.clock.advance(minutes=11)
    due = await claimed(other_replica)
    assert await other_replica.memory_folds.complete(due, 1, told(NAME, replica=replica))
    # The one that was thought dead comes back: nothing is written twice.
    assert not await replica.memory_folds.complete(lost, 1, told(NAME, replica=replica))
    assert await remembered(replica) == [NAME]


async def test_the_only_bot_of_a_database_takes_up_at_once_what_one_before_it_began(
    replica: Replica, other_replica: Replica
) -> None:
    await said(replica)
    await claimed(replica)
    replica.clock.advance(seconds=5)
    await other_replica.memory_folds.release_others()
    assert (await claimed(other_replica)).folded_number == 0


async def test_a_turn_that_ends_meanwhile_is_owed_by_itself(replica: Replica) -> None:
    await said(replica)
    due = await claimed(replica)
    await said(replica, "还有")
    assert await replica.memory_folds.complete(due, 1, MemoryChanges())
    assert (await claimed(replica)).folded_number == 1


async def test_what_cannot_be_done_now_is_tried_again(replica: Replica) -> None:
    await said(replica)
    due = await claimed(replica)
    await replica.memory_folds.put_off(due, replica.clock() + timedelta(minutes=2))
    assert await replica.memory_folds.claim_due(4) == []
    replica.clock.advance(minutes=3)
    assert (await claimed(replica)).folded_number == 0


async def test_who_forgets_all_is_not_remembered_by_what_was_said_before(replica: Replica) -> None:
    await said(replica)
    due = await claimed(replica)
    assert await replica.memories.forget(PERSON) == 0
    assert not await replica.memory_folds.complete(due, 1, told(NAME, replica=replica))
    replica.clock.advance(days=1)
    assert await replica.memory_folds.claim_due(4) == []
    assert await remembered(replica) == []


async def test_who_switches_it_off_and_on_is_remembered_from_then_on_only(replica: Replica) -> None:
    await said(replica)
    due = await claimed(replica)
    assert await replica.memory_folds.complete(due, 1, told(NAME, replica=replica))
    await said(replica, "第二句")
    due = await claimed(replica)
    await replica.memories.switch(PERSON, off=True)
    assert not await replica.memory_folds.complete(due, 2, told(CAT, replica=replica))
    memory = await replica.memories.for_user(PERSON)
    assert memory.is_off
    assert [line.fact for line in memory.lines] == [NAME]
    await said(replica, "第三句", fold_in=None)
    await replica.memories.switch(PERSON, off=False)
    await said(replica, "第四句")
    assert (await claimed(replica)).folded_number == 3


async def test_a_turn_reads_what_is_remembered_of_its_person_alone(replica: Replica) -> None:
    await said(replica)
    due = await claimed(replica)
    await replica.memory_folds.complete(due, 1, told(NAME, replica=replica))
    *_, memory = await replica.memories.for_turn(PERSON, due.conversation_id)
    assert ([line.fact for line in memory.lines], memory.folded_number) == ([NAME], 1)
    *_, of_another = await replica.memories.for_turn(PERSON + 1, due.conversation_id)
    assert of_another.lines == ()


async def test_a_line_is_corrected_deleted_and_expires(replica: Replica) -> None:
    await said(replica)
    await replica.memory_folds.complete(await claimed(replica), 1, told(NAME, CAT, replica=replica))
    name, cat = (await replica.memories.for_user(PERSON)).lines
    until = replica.clock() + timedelta(days=60)
    await replica.memories.ask(PERSON, name.id, 500)
    assert await replica.memories.asked_in(PERSON, 500) == name
    assert await replica.memories.asked_in(PERSON, 501) is None
    assert await replica.memories.asked_in(PERSON + 1, 500) is None
    new = MemoryFact(MemoryKind.NAME, "阿林")
    assert not await replica.memories.correct(PERSON + 1, name.id, new, until)
    assert await replica.memories.correct(PERSON, name.id, new, until)
    (line, _) = (await replica.memories.for_user(PERSON)).lines
    assert (line.fact, line.is_own, line.turn_id) == (new, True, None)
    assert not await replica.memories.delete(PERSON + 1, cat.id)
    assert await replica.memories.delete(PERSON, cat.id)
    assert not await replica.memories.delete(PERSON, cat.id)
    replica.clock.advance(days=61)
    assert await remembered(replica) == []
    assert (await replica.users.export(PERSON)).remembered != ()  # still there, so it is shown
    await replica.memories.purge()
    assert (await replica.users.export(PERSON)).remembered == ()


async def test_what_a_person_wrote_is_not_dropped_to_make_room(replica: Replica) -> None:
    await said(replica)
    await replica.memory_folds.complete(await claimed(replica), 1, told(NAME, replica=replica))
    (line,) = (await replica.memories.for_user(PERSON)).lines
    until = replica.clock() + timedelta(days=60)
    await replica.memories.correct(PERSON, line.id, NAME, until)
    await said(replica, "再说")
    due = await claimed(replica)
    assert await replica.memory_folds.complete(due, 2, MemoryChanges(dropped=(line.id,)))
    assert await remembered(replica) == [NAME]
