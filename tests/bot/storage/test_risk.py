"""The danger a person is in: only time and the person lower it; one check-in an episode."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.storage import RiskSignal

if TYPE_CHECKING:
    from tests.bot.storage.conftest import Replica, WallClock

CONCERN, HIGH, IMMINENT = 1, 2, 3
ANNA, BELA = 42, 43
CHECK_IN = timedelta(hours=6)


async def raise_risk(
    replica: Replica,
    level: int,
    *,
    days: float = 3,
    user: int = ANNA,
    asks: bool = True,
    chat: int | None = None,
) -> None:
    now = replica.clock()
    await replica.risk.record(
        RiskSignal(
            update_id=0,
            chat_id=chat or user,
            user_id=user,
            level=level,
            language_code=None,
            ends={step: now + timedelta(days=days) for step in range(1, level + 1)},
            check_in_at=now + CHECK_IN if asks else None,
        )
    )


async def levels(replica: Replica) -> list[int]:
    now = replica.clock()
    ends = (await replica.risk.for_user(ANNA)).ends
    return sorted(level for level, end in ends.items() if end > now)


async def test_a_level_is_kept_for_longer_and_never_for_shorter(
    replica: Replica, other_replica: Replica, clock: WallClock
) -> None:
    await raise_risk(replica, HIGH, days=3)
    await raise_risk(other_replica, HIGH, days=1)
    clock.advance(days=2)
    assert await levels(replica) == [CONCERN, HIGH]
    await raise_risk(replica, CONCERN, days=7)
    clock.advance(days=2)
    assert await levels(other_replica) == [CONCERN]


async def test_what_is_asked_anew_is_forgotten_but_what_is_told_with_it(replica: Replica) -> None:
    await raise_risk(replica, HIGH)
    told = {"alone": "no", "hardest": "unsure"}
    await replica.crisis_talks.note(ANNA, asked=("taken", "alone"), answers=told)
    signal = RiskSignal(
        *(0, ANNA, ANNA, IMMINENT, None, {}),
        danger="suicide",
        answers={"taken": "yes"},
        asked_anew=frozenset({"taken", "alone"}),
    )
    await replica.risk.record(signal)
    talk = await replica.crisis_talks.for_user(ANNA)
    assert (talk.asked, talk.answers) == ((), {"hardest": "unsure", "taken": "yes"})


async def test_a_persons_word_lowers_one_level_at_a_time_and_not_below_the_lowest(
    replica: Replica,
) -> None:
    await raise_risk(replica, IMMINENT)
    seen = []
    for _ in range(3):
        await replica.risk.lower((ANNA, ANNA), lowest=CONCERN)
        seen.append(await levels(replica))
    assert seen == [[CONCERN, HIGH], [CONCERN], [CONCERN]]


async def test_one_replica_asks_after_a_person_once_and_when_it_is_time(
    replica: Replica, other_replica: Replica, clock: WallClock
) -> None:
    await replica.users.record_seen(ANNA, "zh-tw")
    await raise_risk(replica, HIGH)
    clock.advance(hours=5)
    assert await replica.check_ins.claim_due(9) == []
    clock.advance(hours=1)
    assert await replica.check_ins.claim_due(9) == [(ANNA, "zh-tw")]
    assert await other_replica.check_ins.claim_due(9) == []


async def test_an_episode_has_one_check_in_and_the_next_one_another(
    replica: Replica, clock: WallClock
) -> None:
    await replica.users.record_seen(ANNA, None)
    await raise_risk(replica, HIGH, days=3)
    clock.advance(hours=7)
    assert len(await replica.check_ins.claim_due(9)) == 1
    await raise_risk(replica, HIGH, days=3)
    clock.advance(hours=7)
    assert await replica.check_ins.claim_due(9) == []
    clock.advance(days=4)
    await raise_risk(replica, HIGH, days=3)
    clock.advance(hours=7)
    assert len(await replica.check_ins.claim_due(9)) == 1


async def test_who_writes_is_asked_later_and_who_is_safe_is_not_asked(
    replica: Replica, clock: WallClock
) -> None:
    await replica.users.record_seen(ANNA, None)
    await raise_risk(replica, IMMINENT)
    clock.advance(hours=5)
    await replica.check_ins.postpone(ANNA, clock() + CHECK_IN)
    clock.advance(hours=2)
    assert await replica.check_ins.claim_due(9) == []
    await replica.risk.lower((ANNA, ANNA), lowest=CONCERN)
    await replica.check_ins.postpone(ANNA, clock())
    clock.advance(hours=9)
    assert await levels(replica) == [CONCERN, HIGH]
    assert await replica.check_ins.claim_due(9) == []


async def test_nobody_is_asked_who_blocked_the_bot_or_does_not_want_it_or_is_no_longer_at_high(
    replica: Replica, clock: WallClock
) -> None:
    for user in (1, 2, 3, 4):
        await replica.users.record_seen(user, None)
        await raise_risk(replica, HIGH, user=user, days=0.2 if user == 3 else 3)
    await replica.users.mark_unreachable(1)
    await replica.users.disable_check_ins(2)
    clock.advance(hours=6)
    assert await replica.check_ins.claim_due(9) == [(4, None)]


async def test_who_never_wants_check_ins_keeps_that_wish(
    replica: Replica, clock: WallClock
) -> None:
    await replica.users.disable_check_ins(ANNA)
    await replica.users.record_seen(ANNA, None)
    await raise_risk(replica, HIGH)
    clock.advance(hours=7)
    assert await replica.check_ins.claim_due(9) == []


async def test_a_check_in_that_could_not_be_delivered_is_tried_again(
    replica: Replica, clock: WallClock
) -> None:
    await replica.users.record_seen(ANNA, None)
    await raise_risk(replica, HIGH)
    clock.advance(hours=6)
    await replica.check_ins.claim_due(9)
    await replica.check_ins.release(ANNA, clock() + timedelta(minutes=10))
    assert await replica.check_ins.claim_due(9) == []
    clock.advance(minutes=10)
    assert len(await replica.check_ins.claim_due(9)) == 1


async def test_without_a_check_in_nobody_is_asked(replica: Replica, clock: WallClock) -> None:
    await replica.users.record_seen(ANNA, None)
    await raise_risk(replica, HIGH, asks=False)
    clock.advance(hours=7)
    assert await replica.check_ins.claim_due(9) == []


async def test_danger_that_is_over_is_forgotten_and_other_danger_is_not(
    replica: Replica, clock: WallClock
) -> None:
    await raise_risk(replica, HIGH, days=1)
    await raise_risk(replica, HIGH, days=5, user=BELA)
    clock.advance(days=2)
    await replica.risk.purge()
    assert dict((await replica.risk.for_user(ANNA)).ends) == {}
    assert sorted((await replica.risk.for_user(BELA)).ends) == [CONCERN, HIGH]


async def test_what_was_told_in_private_does_not_count_in_a_group(replica: Replica) -> None:
    await raise_risk(replica, HIGH)
    await raise_risk(replica, CONCERN, chat=-100, asks=False)
    assert sorted((await replica.risk.for_chat((ANNA, -100))).ends) == [CONCERN]
    assert (await replica.risk.for_chat((ANNA, -200))).ends == {}
    assert sorted((await replica.risk.for_chat((ANNA, ANNA))).ends) == [CONCERN, HIGH]
    people = [(ANNA, -100), (ANNA, -200), (ANNA, ANNA), (BELA, -100)]
    found = await replica.risk.list_for_speakers(people)
    assert {person: sorted(state.ends) for person, state in found.items()} == {
        (ANNA, -100): [CONCERN],
        (ANNA, ANNA): [CONCERN, HIGH],
    }
    assert found[ANNA, ANNA].pending_question == "safe"
    assert found[ANNA, -100].pending_question is None


async def test_a_word_in_a_group_lowers_what_was_said_there(replica: Replica) -> None:
    await raise_risk(replica, IMMINENT)
    await raise_risk(replica, HIGH, chat=-100, asks=False)
    await replica.risk.lower((ANNA, -100), lowest=CONCERN)
    assert sorted((await replica.risk.for_chat((ANNA, -100))).ends) == [CONCERN]
    assert await levels(replica) == [CONCERN, HIGH, IMMINENT]
