from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.storage import InboxCounts, NewUpdate

if TYPE_CHECKING:
    from tests.bot.storage.conftest import Replica, WallClock

CHAT = 7_000_000_001  # beyond 32 bits, as Telegram's newer ids are


async def test_an_update_comes_out_as_it_went_in(replica: Replica, clock: WallClock) -> None:
    update = NewUpdate(41, CHAT, "chat", '{"text":"睡不着"}'.encode(), clock())
    assert await replica.inbox.add(update)
    (stored,) = await replica.inbox.list_pending(CHAT)
    assert (stored.update_id, stored.chat_id, stored.lane) == (41, CHAT, "chat")
    assert stored.payload == update.payload
    assert stored.received_at == clock()
    assert stored.received_at.tzinfo is not None
    assert stored.attempts == 0


async def test_a_repeated_update_is_a_no_op(replica: Replica, clock: WallClock) -> None:
    await replica.arrives(CHAT, b"first", update_id=41)
    assert not await replica.inbox.add(NewUpdate(41, CHAT, "chat", b"again", clock()))
    (stored,) = await replica.inbox.list_pending(CHAT)
    assert stored.payload == b"first"


async def test_an_update_that_was_dealt_with_does_not_come_back(
    replica: Replica, clock: WallClock
) -> None:
    await replica.arrives(CHAT, update_id=41)
    await replica.inbox.finish(41)
    assert not await replica.inbox.add(NewUpdate(41, CHAT, "chat", b"again", clock()))
    assert await replica.inbox.list_pending(CHAT) == []


async def test_a_batch_tells_which_updates_are_new(replica: Replica, clock: WallClock) -> None:
    await replica.arrives(CHAT, update_id=2)
    batch = [NewUpdate(n, CHAT, "chat", b"{}", clock()) for n in (1, 2, 3)]
    assert await replica.inbox.add_all(batch) == {1, 3}


async def test_what_waits_in_a_chat_is_in_order_and_of_its_lane(replica: Replica) -> None:
    for update_id in (30, 10, 20):
        await replica.arrives(CHAT, update_id=update_id)
    await replica.arrives(CHAT, update_id=5, lane="express")
    await replica.arrives(CHAT + 1, update_id=6)
    waiting = await replica.inbox.list_pending(CHAT)
    assert [update.update_id for update in waiting] == [10, 20, 30]


async def test_chats_are_served_by_the_age_of_what_waits(replica: Replica) -> None:
    await replica.arrives(2, update_id=10)
    for update_id in range(20, 30):
        await replica.arrives(1, update_id=update_id)
    await replica.arrives(3, update_id=15)
    assert await replica.inbox.list_chats_with_work(10) == [2, 3, 1]
    assert await replica.inbox.list_chats_with_work(2) == [2, 3]
    assert await replica.inbox.list_chats_with_work(10, exclude=[2]) == [3, 1]


async def test_a_chat_where_someone_is_at_work_is_not_offered(replica: Replica) -> None:
    first = await replica.arrives(CHAT)
    await replica.arrives(CHAT)
    turn = await replica.turns.begin(CHAT, CHAT, "嗯", [first])
    assert turn is not None
    assert await replica.inbox.list_chats_with_work(10) == []
    await replica.turns.finish(turn.id, "我在", "answered")
    assert await replica.inbox.list_chats_with_work(10) == [CHAT]


async def test_express_updates_are_claimed_once(replica: Replica, other_replica: Replica) -> None:
    for update_id in (12, 11, 13):
        await replica.arrives(CHAT, b"stop", update_id=update_id, lane="express")
    claimed = await replica.inbox.claim_express(2)
    assert [update.update_id for update in claimed] == [11, 12]
    assert claimed[0].payload == b"stop"
    rest = await other_replica.inbox.claim_express(5)
    assert [update.update_id for update in rest] == [13]


async def test_the_express_lane_does_not_mind_what_is_answered_in_its_chat(
    replica: Replica,
) -> None:
    first, second = await replica.arrives(CHAT), await replica.arrives(CHAT)
    button = await replica.arrives(CHAT, lane="express")
    turn = await replica.turns.begin(CHAT, CHAT, "嗯", [first])
    assert turn is not None
    assert await replica.turns.begin(CHAT, CHAT, "嗯", [second]) is None
    assert [one.update_id for one in await replica.inbox.claim_express(5)] == [button]
    await replica.turns.finish(turn.id, "我在", "answered")
    assert await replica.turns.begin(CHAT, CHAT, "嗯", [second]) is not None


async def test_a_released_update_waits_again(replica: Replica, other_replica: Replica) -> None:
    update_id = await replica.arrives(CHAT, lane="express")
    await replica.inbox.claim_express(1)
    await other_replica.inbox.release([update_id])  # not theirs to release
    assert await other_replica.inbox.claim_express(1) == []
    await replica.inbox.release([update_id])
    (again,) = await other_replica.inbox.claim_express(1)
    assert again.attempts == 1


async def test_a_clock_set_forward_hands_out_nothing_that_is_being_handled(
    replica: Replica, clock: WallClock
) -> None:
    handled = await replica.arrives(CHAT, lane="express")
    await replica.inbox.claim_express(1)
    clock.advance(seconds=3600)
    assert await replica.inbox.release_expired(exclude=[handled]) == 0
    assert await replica.inbox.claim_express(5) == []


async def test_a_claim_runs_out_unless_it_is_renewed(
    replica: Replica, other_replica: Replica, clock: WallClock
) -> None:
    kept = await replica.arrives(CHAT, lane="express")
    lost = await replica.arrives(CHAT, lane="express")
    await replica.inbox.claim_express(2)
    clock.advance(seconds=20)
    assert await replica.inbox.renew([kept]) == {kept}
    clock.advance(seconds=20)
    assert await other_replica.inbox.release_expired() == 1
    assert [u.update_id for u in await other_replica.inbox.claim_express(5)] == [lost]
    assert await replica.inbox.renew([kept, lost]) == {kept}


async def test_the_only_bot_takes_over_every_claim_at_its_start(
    replica: Replica, other_replica: Replica
) -> None:
    await replica.arrives(CHAT, lane="express")
    await replica.inbox.claim_express(1)
    assert await replica.inbox.release_others() == 0
    assert await other_replica.inbox.release_others() == 1
    assert len(await other_replica.inbox.claim_express(1)) == 1


async def test_a_failed_update_is_kept_and_blocks_nothing(replica: Replica) -> None:
    bad, good = await replica.arrives(CHAT), await replica.arrives(CHAT)
    await replica.inbox.fail(bad, "not an update")
    assert [u.update_id for u in await replica.inbox.list_pending(CHAT)] == [good]
    assert await replica.inbox.counts() == InboxCounts(new=1, claimed=0, failed=1)


async def test_counts_follow_the_states(replica: Replica) -> None:
    assert await replica.inbox.counts() == InboxCounts(new=0, claimed=0, failed=0)
    ids = [await replica.arrives(CHAT, lane="express") for _ in range(4)]
    await replica.inbox.claim_express(2)
    await replica.inbox.finish(ids[0])
    assert await replica.inbox.counts() == InboxCounts(new=2, claimed=1, failed=0)


async def test_polling_goes_on_after_the_last_update(replica: Replica, clock: WallClock) -> None:
    assert await replica.inbox.last_update_id() is None
    await replica.arrives(CHAT, update_id=900)
    clock.advance(minutes=1)
    # Telegram started over with lower ids: the later one counts, not the higher one.
    await replica.arrives(CHAT, update_id=20)
    assert await replica.inbox.last_update_id() == 20
    clock.advance(days=7)
    assert await replica.inbox.last_update_id() is None


async def test_purging_deletes_only_what_is_done_and_old(
    replica: Replica, clock: WallClock
) -> None:
    old_done, old_new = await replica.arrives(1), await replica.arrives(2)
    clock.advance(days=2)
    fresh_done = await replica.arrives(3)
    await replica.inbox.finish_all([old_done, fresh_done])
    assert await replica.inbox.purge(clock() - timedelta(days=1)) == 1
    assert await replica.inbox.list_chats_with_work(10) == [2]
    assert await replica.inbox.add(NewUpdate(old_done, 1, "chat", b"{}", clock()))
    assert not await replica.inbox.add(NewUpdate(fresh_done, 3, "chat", b"{}", clock()))
    assert old_new


async def test_more_busy_chats_than_a_statement_takes_are_left_out_all_the_same(
    replica: Replica,
) -> None:
    for chat in (11, 60_001, 60_002):
        await replica.arrives(chat)
    busy = range(1, 60_002)
    assert await replica.inbox.list_chats_with_work(10, busy) == [60_002]
    assert await replica.inbox.list_chats_with_work(10, list(reversed(busy))) == [60_002]
    assert await replica.turns.renew(busy) == set()
    assert await replica.turns.list_stop_requested(busy) == set()
    await replica.turns.release(busy)
