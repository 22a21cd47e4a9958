"""What a replica leaves behind when it dies, and who may go on with it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.storage import Database, NewUpdate
from tests.bot.storage.conftest import Replica

if TYPE_CHECKING:
    from pathlib import Path

    from bot.storage import Cipher, Turn
    from tests.bot.storage.conftest import WallClock

CHAT = 5


async def _dies_answering(replica: Replica, chat_id: int = CHAT) -> Turn:
    update_id = await replica.arrives(chat_id)
    turn = await replica.turns.begin(chat_id, chat_id, "在吗", [update_id])
    assert turn is not None
    await replica.turns.set_answer_message(turn.id, 88)
    return turn


async def test_a_dead_replicas_turn_is_taken_over_when_its_lease_is_over(
    replica: Replica, other_replica: Replica, clock: WallClock
) -> None:
    turn = await _dies_answering(replica)
    assert await other_replica.turns.claim_unfinished(CHAT) is None
    assert await other_replica.turns.list_unfinished_chats(10) == []
    clock.advance(seconds=31)
    assert await other_replica.turns.list_unfinished_chats(10) == [CHAT]
    taken = await other_replica.turns.claim_unfinished(CHAT)
    assert taken is not None
    assert (taken.id, taken.answer_message_id, taken.attempts) == (turn.id, 88, 2)
    assert await other_replica.turns.finish(taken.id, "在的", "answered") is not None


async def test_who_lost_a_turn_can_no_longer_end_or_change_it(
    replica: Replica, other_replica: Replica, clock: WallClock
) -> None:
    turn = await _dies_answering(replica)
    clock.advance(seconds=31)
    assert await other_replica.turns.claim_unfinished(CHAT) is not None
    assert await replica.turns.renew([turn.id]) == set()
    assert not await replica.turns.set_answer_message(turn.id, 99)
    assert not await replica.turns.replace_text(turn.id, "改", [])
    assert await replica.turns.fail(turn.id, "late") is None
    assert await replica.turns.finish(turn.id, "旧的回答", "answered") is None
    await other_replica.turns.finish(turn.id, "新的回答", "answered")
    assert await replica.turns.finish(turn.id, "旧的回答", "answered") is None
    done = await replica.turns.get(turn.id)
    assert done is not None
    assert (done.answer, done.answer_message_id) == ("新的回答", 88)


async def test_a_renewed_turn_is_not_taken(
    replica: Replica, other_replica: Replica, clock: WallClock
) -> None:
    turn = await _dies_answering(replica)
    clock.advance(seconds=20)
    assert await replica.turns.renew([turn.id]) == {turn.id}
    clock.advance(seconds=20)
    assert await other_replica.turns.claim_unfinished(CHAT) is None


async def test_a_released_turn_is_free_at_once(replica: Replica, other_replica: Replica) -> None:
    turn = await _dies_answering(replica)
    await other_replica.turns.release([turn.id])  # not theirs to release
    assert await other_replica.turns.claim_unfinished(CHAT) is None
    await replica.turns.release([turn.id])
    assert await other_replica.turns.claim_unfinished(CHAT) is not None


async def test_the_only_bot_takes_over_every_turn_at_its_start(
    replica: Replica, other_replica: Replica
) -> None:
    turn = await _dies_answering(replica)
    assert await replica.turns.release_others() == 0
    assert await other_replica.turns.release_others() == 1
    taken = await other_replica.turns.claim_unfinished(CHAT)
    assert taken is not None
    assert taken.id == turn.id


async def test_many_claimers_begin_one_turn_a_chat(
    replica: Replica, other_replica: Replica
) -> None:
    chats = range(1, 9)
    updates = {chat: [await replica.arrives(chat) for _ in range(3)] for chat in chats}
    attempts = [
        each.turns.begin(chat, chat, "嗯", updates[chat][:count])
        for chat in chats
        for count in (1, 2, 3)
        for each in (replica, other_replica)
    ]
    begun = [turn for turn in await asyncio.gather(*attempts) if turn is not None]
    assert sorted(turn.chat_id for turn in begun) == list(chats)


async def test_a_file_opened_twice_takes_the_writes_of_both(
    sqlite_path: Path, cipher: Cipher, clock: WallClock
) -> None:
    databases = [Database(f"sqlite:///{sqlite_path}") for _ in range(2)]
    openers = [Replica(each, cipher, f"opener {n}", clock) for n, each in enumerate(databases)]
    updates = {chat: await openers[0].arrives(chat) for chat in range(40)}
    begun = await asyncio.gather(
        *(
            openers[chat % 2].turns.begin(chat, chat, "嗯", [update])
            for chat, update in updates.items()
        )
    )
    assert [turn.chat_id for turn in begun if turn is not None] == list(updates)
    for each in databases:
        await each.aclose()


async def test_claimers_of_different_messages_in_a_chat_do_not_both_win(
    replica: Replica, other_replica: Replica
) -> None:
    for chat in range(1, 7):
        updates = [await replica.arrives(chat) for _ in range(6)]
        claims = [
            each.turns.begin(chat, chat, "嗯", [update_id])
            for update_id in updates
            for each in (replica, other_replica)
        ]
        won = [claim for claim in await asyncio.gather(*claims) if claim is not None]
        assert len(won) == 1


async def test_many_claimers_share_the_express_lane(
    replica: Replica, other_replica: Replica
) -> None:
    arrived = [await replica.arrives(1, lane="express") for _ in range(40)]
    batches = await asyncio.gather(
        *(each.inbox.claim_express(7) for each in (replica, other_replica) * 6)
    )
    claimed = [update.update_id for batch in batches for update in batch]
    assert len(claimed) == len(set(claimed))
    rest = await replica.inbox.claim_express(100)
    assert sorted([*claimed, *(update.update_id for update in rest)]) == sorted(arrived)


async def test_many_claimers_share_what_was_left(
    replica: Replica, other_replica: Replica, clock: WallClock
) -> None:
    left = [(await _dies_answering(replica, chat)).id for chat in range(1, 21)]
    clock.advance(minutes=1)
    claims = await asyncio.gather(
        *(
            each.turns.claim_unfinished(chat)
            for chat in range(1, 21)
            for each in (replica, other_replica)
        )
    )
    assert [turn.id for turn in claims if turn is not None] == left


async def test_the_same_update_from_two_replicas_is_stored_once(
    replica: Replica, other_replica: Replica, clock: WallClock
) -> None:
    update = NewUpdate(77, CHAT, "chat", b"{}", clock())
    stored = await asyncio.gather(
        *(each.inbox.add(update) for each in (replica, other_replica) * 5)
    )
    assert stored.count(True) == 1
