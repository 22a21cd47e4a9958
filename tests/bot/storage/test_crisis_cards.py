"""Cards that are owed: stored with their update, sent by one process, counted for the repeats."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.storage import NewUpdate, RiskSignal
from tests.bot.storage.conftest import LEASE

if TYPE_CHECKING:
    from bot.storage import OwedCard
    from tests.bot.storage.conftest import Replica, WallClock

CONCERN, HIGH, IMMINENT = 1, 2, 3
ANNA, BELA, GROUP = 42, 43, -100
WINDOW = timedelta(minutes=30)


def signal(
    replica: Replica, level: int, update_id: int, chat: int = ANNA, user: int = ANNA
) -> RiskSignal:
    until = replica.clock() + timedelta(days=1)
    return RiskSignal(
        update_id=update_id,
        chat_id=chat,
        user_id=user,
        level=level,
        language_code="zh-hans",
        ends=dict.fromkeys(range(1, level + 1), until),
    )


async def arrives(
    replica: Replica, level: int, update_id: int, chat: int = ANNA, user: int = ANNA
) -> list[OwedCard]:
    update = NewUpdate(update_id, chat, "chat", b"{}", replica.clock())
    kept = await replica.inbox.add_with_cards(
        [update], [signal(replica, level, update_id, chat, user)], WINDOW
    )
    return list(kept.cards)


async def test_a_language_that_cannot_be_one_keeps_no_message_and_no_card_out(
    replica: Replica,
) -> None:
    odd = replace(signal(replica, HIGH, 1), language_code="x" * 100)
    update = NewUpdate(1, ANNA, "chat", b"{}", replica.clock())
    kept = await replica.inbox.add_with_cards([update], [odd], WINDOW)
    assert kept.new == {1}
    assert [card.update_id for card in kept.cards] == [1]


async def test_a_card_is_owed_from_the_moment_its_update_is_stored(
    replica: Replica, other_replica: Replica, clock: WallClock
) -> None:
    [card] = await arrives(replica, HIGH, 1)
    assert (card.update_id, card.level, card.chat_id, card.user_id) == (1, HIGH, ANNA, ANNA)
    assert (card.repeated, card.number, card.language_code) == (False, 0, "zh-hans")
    assert await other_replica.cards.claim_owed(9) == []  # the one that took it is sending it
    clock.advance(seconds=LEASE.total_seconds() + 1)
    assert await other_replica.cards.claim_owed(9) == [card]  # it has died
    assert await replica.cards.claim_owed(9) == []
    await other_replica.cards.mark_sent(card.key)
    clock.advance(days=1)
    assert await replica.cards.claim_owed(9) == []


async def test_an_update_that_comes_again_owes_no_second_card(replica: Replica) -> None:
    assert len(await arrives(replica, HIGH, 1)) == 1
    assert await arrives(replica, HIGH, 1) == []


async def test_concern_owes_no_card_and_is_kept_in_mind(replica: Replica) -> None:
    assert await arrives(replica, CONCERN, 1) == []
    assert list((await replica.risk.for_user(ANNA)).ends) == [CONCERN]


async def test_a_renewed_claim_does_not_run_out(
    replica: Replica, other_replica: Replica, clock: WallClock
) -> None:
    [card] = await arrives(replica, HIGH, 1)
    clock.advance(seconds=20)
    await replica.cards.renew([card.key])
    clock.advance(seconds=20)
    assert await other_replica.cards.claim_owed(9) == []


async def test_a_card_that_could_not_be_sent_is_free_at_once(
    replica: Replica, other_replica: Replica
) -> None:
    [card] = await arrives(replica, HIGH, 1)
    await other_replica.cards.release(card.key)
    assert await other_replica.cards.claim_owed(9) == []  # it was not theirs to give
    await replica.cards.release(card.key)
    assert await other_replica.cards.claim_owed(9) == [card]


async def test_the_only_process_takes_over_what_a_dead_one_held(
    replica: Replica, other_replica: Replica
) -> None:
    [card] = await arrives(replica, HIGH, 1)
    await other_replica.cards.release_others()
    assert await other_replica.cards.claim_owed(9) == [card]


async def test_what_somebody_writes_in_one_breath_gets_one_card(replica: Replica) -> None:
    assert len(await arrives(replica, HIGH, 1)) == 1
    assert await arrives(replica, HIGH, 2) == []
    [worse] = await arrives(replica, IMMINENT, 3)
    assert not worse.repeated
    assert await arrives(replica, HIGH, 4) == []
    assert len(await arrives(replica, HIGH, 5, chat=GROUP, user=ANNA)) == 1
    assert len(await arrives(replica, HIGH, 6, chat=BELA, user=BELA)) == 1


async def test_the_same_card_is_repeated_in_short_until_the_window_is_over(
    replica: Replica, clock: WallClock
) -> None:
    seen = []
    for update_id, (level, minutes) in enumerate(
        [(HIGH, 0), (HIGH, 10), (IMMINENT, 1), (HIGH, 1), (IMMINENT, 20), (HIGH, 11)], start=1
    ):
        clock.advance(minutes=minutes)
        [card] = await arrives(replica, level, update_id)
        await replica.cards.mark_sent(card.key)
        await replica.inbox.finish(update_id)
        seen.append((card.level, card.repeated, card.number))
    assert seen == [
        (HIGH, False, 0),
        (HIGH, True, 1),
        (IMMINENT, False, 2),  # imminent after high is always the whole card
        (HIGH, True, 3),
        (IMMINENT, True, 4),
        (HIGH, False, 5),  # 32 minutes after the last whole card
    ]


async def test_a_card_that_was_refused_does_not_count_as_shown(replica: Replica) -> None:
    [card] = await arrives(replica, HIGH, 1)
    await replica.cards.mark_refused(card.key)
    [again] = await arrives(replica, HIGH, 2)
    assert not again.repeated


async def test_a_turn_read_as_more_serious_than_its_updates_owes_another_card(
    replica: Replica,
) -> None:
    [high] = await arrives(replica, HIGH, 1)
    await replica.cards.mark_sent(high.key)
    turn = await replica.turns.begin(ANNA, ANNA, "x", [1])
    assert turn is not None
    same = await replica.cards.owe_for_turn(turn.id, signal(replica, HIGH, 0), WINDOW)
    worse = await replica.cards.owe_for_turn(turn.id, signal(replica, IMMINENT, 0), WINDOW)
    again = await replica.cards.owe_for_turn(turn.id, signal(replica, IMMINENT, 0), WINDOW)
    assert (same, again) == (None, None)
    assert worse is not None
    assert (worse.update_id, worse.level, worse.repeated) == (1, IMMINENT, False)


async def test_a_card_is_no_question_to_the_words_that_brought_it(
    replica: Replica, clock: WallClock
) -> None:
    await arrives(replica, HIGH, 1)
    first = await replica.turns.begin(ANNA, ANNA, "x", [1])
    assert first is not None
    assert (await replica.risk.for_turn((ANNA, ANNA), first.id)).pending_question is None
    await replica.turns.finish(first.id, None, "answered")  # its card has said all
    clock.advance(seconds=60)
    await arrives(replica, HIGH, 2)  # raises the same level anew
    second = await replica.turns.begin(ANNA, ANNA, "y", [2])
    assert second is not None
    assert (await replica.risk.for_turn((ANNA, ANNA), second.id)).pending_question == "safe"


async def test_a_turn_taken_over_brings_the_card_its_dead_process_owed(
    replica: Replica, other_replica: Replica, clock: WallClock
) -> None:
    [card] = await arrives(replica, HIGH, 1)
    turn = await replica.turns.begin(ANNA, ANNA, "x", [1])
    assert turn is not None
    clock.advance(seconds=LEASE.total_seconds() + 1)
    danger = signal(other_replica, HIGH, 0)
    assert await other_replica.cards.owe_for_turn(turn.id, danger, WINDOW) == card


@pytest.mark.parametrize("level", [CONCERN, HIGH])
async def test_a_turn_whose_updates_were_deleted_long_ago_owes_nothing(
    replica: Replica, level: int
) -> None:
    danger = signal(replica, level, 0)
    assert await replica.cards.owe_for_turn(12345, danger, WINDOW) is None
    assert (await replica.risk.for_user(ANNA)).ends


async def test_old_cards_are_deleted_and_owed_ones_are_not(
    replica: Replica, clock: WallClock
) -> None:
    [sent] = await arrives(replica, HIGH, 1)
    await replica.cards.mark_sent(sent.key)
    await replica.inbox.finish(1)
    [owed] = await arrives(replica, HIGH, 2)
    clock.advance(days=8)
    assert await replica.cards.purge(clock() - timedelta(days=7)) == 1
    assert [card.key for card in await replica.cards.claim_owed(9)] == [owed.key]


async def test_what_a_person_chose_goes_with_their_card(replica: Replica) -> None:
    await replica.users.set_region(ANNA, "HK")
    [card] = await arrives(replica, HIGH, 1)
    assert card.region == "HK"
    await replica.users.record_seen(ANNA, "zh-hans")
    user = await replica.users.get(ANNA)
    assert user is not None
    assert (user.region, user.language_code) == ("HK", "zh-hans")


async def test_export_shows_and_erase_removes_everything_of_a_person(replica: Replica) -> None:
    await arrives(replica, HIGH, 1)
    await arrives(replica, HIGH, 2, chat=BELA, user=BELA)
    await replica.users.set_region(ANNA, "HK")
    export = await replica.users.export(ANNA)
    assert [(card.level, card.state) for card in export.cards] == [(HIGH, "owed")]
    assert sorted(export.risk.ends) == [CONCERN, HIGH]
    await replica.users.erase(ANNA)
    gone = await replica.users.export(ANNA)
    assert (gone.user, gone.cards, dict(gone.risk.ends)) == (None, (), {})
    assert len((await replica.users.export(BELA)).cards) == 1
