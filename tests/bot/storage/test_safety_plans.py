"""What people write down for hard hours: kept line by line, theirs alone, each message once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from bot.storage import (
    Cipher,
    NewUpdate,
    PlanStep,
    RiskSignal,
    SafetyPlan,
    SafetyPlans,
    TypedLine,
    generate_key,
    reencrypt,
)
from bot.storage.models import SafetyPlanLineRow, SafetyPlanRow

if TYPE_CHECKING:
    from bot.storage import AskedStep, Database
    from tests.bot.storage.conftest import Replica, WallClock

PERSON, OTHER = 7_000_000_001, 7_000_000_002
SIGNS, ALONE, PEOPLE = PlanStep.SIGNS, PlanStep.ALONE, PlanStep.PEOPLE


async def asked(replica: Replica) -> AskedStep:
    found = await replica.safety_plans.asked(PERSON)
    assert found is not None
    return found


async def walk_to_alone(replica: Replica) -> None:
    await replica.safety_plans.ask(PERSON, SIGNS, walks=True)
    assert await replica.safety_plans.answer(
        PERSON, [TypedLine(11, SIGNS, "睡不着"), TypedLine(12, SIGNS, "不回消息")], then=ALONE
    )


def test_the_steps_are_six_and_know_their_neighbours() -> None:
    assert [step.number for step in PlanStep] == [1, 2, 3, 4, 5, 6]
    assert [step.next for step in PlanStep] == [*list(PlanStep)[1:], None]
    assert [step.previous for step in PlanStep] == [None, *list(PlanStep)[:-1]]


async def test_lines_are_kept_in_their_order_and_the_next_step_is_asked(replica: Replica) -> None:
    await walk_to_alone(replica)
    plan = await replica.safety_plans.for_user(PERSON)
    assert plan == SafetyPlan({SIGNS: ("睡不着", "不回消息")})
    now = await asked(replica)
    assert (now.step, now.before, now.walks, now.shown_in) == (ALONE, SIGNS, True, None)
    assert await replica.safety_plans.for_user(OTHER) == SafetyPlan()
    assert await replica.safety_plans.asked(OTHER) is None


async def test_a_message_that_is_handled_again_changes_nothing(replica: Replica) -> None:
    await walk_to_alone(replica)
    before = await asked(replica)
    again = [TypedLine(11, ALONE, "睡不着"), TypedLine(12, SIGNS, "不回消息")]
    assert not await replica.safety_plans.answer(PERSON, again, then=PEOPLE)
    assert await asked(replica) == before
    assert (await replica.safety_plans.for_user(PERSON)).lines == {SIGNS: ("睡不着", "不回消息")}
    assert await replica.safety_plans.known_messages(PERSON, [11, 13]) == {11}


async def test_a_late_line_of_an_earlier_step_leaves_what_is_asked(replica: Replica) -> None:
    await walk_to_alone(replica)
    await replica.safety_plans.note_shown(PERSON, ALONE, 77)
    before = await asked(replica)
    assert await replica.safety_plans.answer(PERSON, [TypedLine(13, SIGNS, "晚到")], then=PEOPLE)
    assert await asked(replica) == before
    assert before.shown_in == 77


async def test_an_edited_message_changes_its_line_and_no_other(replica: Replica) -> None:
    await walk_to_alone(replica)
    assert await replica.safety_plans.replace(PERSON, 11, "三点还醒着")
    assert not await replica.safety_plans.replace(PERSON, 99, "别的话")
    assert not await replica.safety_plans.replace(OTHER, 11, "别人的话")
    assert (await replica.safety_plans.for_user(PERSON)).of(SIGNS) == ("三点还醒着", "不回消息")


async def test_a_ready_line_is_added_once_dropped_and_cleared(replica: Replica) -> None:
    plans = replica.safety_plans
    for _ in range(2):
        assert await plans.add(PERSON, ALONE, "出去走走", at_most=2)
    assert await plans.add(PERSON, ALONE, "洗个热水澡", at_most=2)
    assert not await plans.add(PERSON, ALONE, "听歌", at_most=2)
    for _ in range(2):
        await plans.drop(PERSON, ALONE, "出去走走")
    assert (await plans.for_user(PERSON)).of(ALONE) == ("洗个热水澡",)
    await plans.clear(PERSON, ALONE)
    assert await plans.for_user(PERSON) == SafetyPlan()


async def test_after_a_stop_only_what_was_written_before_is_still_the_plans(
    replica: Replica,
) -> None:
    await walk_to_alone(replica)
    for _ in range(2):
        await replica.safety_plans.stop(PERSON)
        now = await asked(replica)
        assert (now.step, now.before) == (None, ALONE)
    await replica.safety_plans.stop(PERSON, late_lines=False)
    assert ((await asked(replica)).step, (await asked(replica)).before) == (None, None)


@pytest.mark.parametrize("interrupted_by", ["card", "check-in", "nothing"])
async def test_what_has_asked_something_since_interrupts(
    replica: Replica, clock: WallClock, interrupted_by: str
) -> None:
    clock.advance(minutes=1)
    await walk_to_alone(replica)
    assert not (await asked(replica)).is_interrupted
    clock.advance(minutes=1)
    if interrupted_by == "card":
        signal = RiskSignal(5, PERSON, PERSON, 3, "zh", {3: clock.now})
        update = NewUpdate(5, PERSON, "chat", b"{}", clock.now)
        assert (await replica.inbox.add_with_cards([update], [signal], timedelta())).cards
    if interrupted_by == "check-in":
        later = RiskSignal(
            0, PERSON, PERSON, 2, "zh", {2: clock.now.replace(year=2030)}, check_in_at=clock.now
        )
        await replica.users.record_seen(PERSON, "zh")
        await replica.risk.record(later)
        clock.advance(minutes=1)
        assert await replica.check_ins.claim_due(5)
    assert (await asked(replica)).is_interrupted == (interrupted_by != "nothing")


async def test_lines_rest_encrypted_and_belong_to_their_person_and_step(
    replica: Replica, database: Database
) -> None:
    await walk_to_alone(replica)
    rows = await database.read(lambda c: c.execute(sa.select(SafetyPlanLineRow.said)).all())
    assert all("睡不着".encode() not in row.said for row in rows)
    moved = sa.update(SafetyPlanLineRow).values(user_id=OTHER)
    await database.write(lambda c: c.execute(moved).rowcount)
    # A row that no key opens is left out, and keeps its person from nothing else.
    assert (await replica.users.export(OTHER)).plan == ()
    assert await replica.safety_plans.add(OTHER, ALONE, "出去走走", at_most=1)
    await replica.safety_plans.drop(OTHER, SIGNS, "睡不着")
    assert (await replica.safety_plans.for_user(OTHER)).lines == {ALONE: ("出去走走",)}


async def test_a_plan_is_exported_erased_and_deleted(replica: Replica, database: Database) -> None:
    async def rows_left() -> int:
        def count(connection: sa.Connection) -> int:
            tables = (SafetyPlanRow, SafetyPlanLineRow)
            return sum(len(connection.execute(sa.select(table)).all()) for table in tables)

        return await database.read(count)

    await walk_to_alone(replica)
    assert (await replica.users.export(PERSON)).plan == ((SIGNS, "睡不着"), (SIGNS, "不回消息"))
    await replica.users.erase(PERSON)
    assert await rows_left() == 0
    await walk_to_alone(replica)
    assert await replica.safety_plans.delete(PERSON)
    assert not await replica.safety_plans.delete(PERSON)
    assert await rows_left() == 0


async def test_a_plan_moves_to_a_new_key(database: Database, clock: WallClock) -> None:
    old, new = generate_key(), generate_key()
    before = SafetyPlans(database, Cipher.from_keys([old]), clock)
    for number in range(3):
        await before.add(PERSON, ALONE, str(number), at_most=5)
    async for _ in reencrypt(database, Cipher.from_keys([new, old]), batch=2):
        pass
    after = SafetyPlans(database, Cipher.from_keys([new]), clock)
    assert (await after.for_user(PERSON)).of(ALONE) == ("0", "1", "2")
