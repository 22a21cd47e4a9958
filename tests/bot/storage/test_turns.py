from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.storage import InboxCounts, PastTurn
from bot.storage.models import UpdateRow

if TYPE_CHECKING:
    from bot.storage import Database
    from tests.bot.storage.conftest import Replica, WallClock

CHAT = -1_001_234_567_890
PERSON = 7_000_000_001


async def test_a_turn_begins_with_its_updates_and_ends_with_them(
    replica: Replica, clock: WallClock
) -> None:
    updates = [await replica.arrives(CHAT, b'"hi"') for _ in range(2)]
    turn = await replica.turns.begin(CHAT, PERSON, "我睡不着", updates, reply_to_message_id=9)
    assert turn is not None
    assert (turn.number, turn.state, turn.attempts) == (1, "pending", 1)
    assert await replica.turns.get(turn.id) == turn
    assert await replica.inbox.counts() == InboxCounts(new=0, claimed=2, failed=0)

    assert await replica.turns.set_answer_message(turn.id, 501)
    clock.advance(seconds=3)
    revision = await replica.turns.finish(turn.id, "我陪着你", "answered")
    done = await replica.turns.get(turn.id)
    assert done is not None
    assert (done.user_text, done.answer, done.state) == ("我睡不着", "我陪着你", "answered")
    assert (done.answer_message_id, done.reply_to_message_id) == (501, 9)
    assert done.answered_at == clock()
    assert done.revision == revision == turn.revision + 1
    assert await replica.inbox.counts() == InboxCounts(new=0, claimed=0, failed=0)


async def test_a_text_rests_once_its_update_forgets_it_when_its_turn_ends(
    replica: Replica, database: Database
) -> None:
    def payloads(connection: sa.Connection) -> dict[int, bytes | None]:
        return {
            row.update_id: row.payload
            for row in connection.execute(sa.select(UpdateRow.update_id, UpdateRow.payload))
        }

    ended, failed, button, waiting = [await replica.arrives(chat) for chat in (1, 2, 3, 4)]
    turn = await replica.turns.begin(1, PERSON, "一", [ended])
    assert turn is not None
    assert (await database.read(payloads))[ended] is not None
    await replica.turns.finish(turn.id, "嗯", "answered")
    turn = await replica.turns.begin(2, PERSON, "二", [failed])
    assert turn is not None
    await replica.turns.fail(turn.id, "EngineTimeout")
    await replica.inbox.finish(button)
    kept = {update for update, payload in (await database.read(payloads)).items() if payload}
    assert kept == {waiting}


async def test_turns_of_a_conversation_are_numbered(replica: Replica) -> None:
    for text in "一二三":
        await replica.says(CHAT, text, "嗯")
    last = await replica.turns.last_for_chat(CHAT)
    assert last is not None
    assert (last.number, last.user_text) == (3, "三")
    assert await replica.turns.last_for_chat(CHAT - 1) is None


async def test_an_update_makes_one_turn_only(replica: Replica, other_replica: Replica) -> None:
    first, second = await replica.arrives(CHAT), await replica.arrives(CHAT)
    turn = await replica.turns.begin(CHAT, PERSON, "嗯", [first])
    assert turn is not None
    await replica.turns.finish(turn.id, "我在", "answered")
    assert await other_replica.turns.begin(CHAT, PERSON, "嗯嗯", [first, second]) is None
    assert await other_replica.turns.begin(CHAT, PERSON, "嗯嗯", [second]) is not None


async def test_an_unknown_update_or_one_of_another_chat_begins_nothing(replica: Replica) -> None:
    elsewhere = await replica.arrives(CHAT + 1)
    assert await replica.turns.begin(CHAT, PERSON, "嗯", [elsewhere]) is None
    assert await replica.turns.begin(CHAT, PERSON, "嗯", [1]) is None
    assert await replica.turns.begin(CHAT, PERSON, "嗯", []) is None
    assert not await replica.conversations.reset(CHAT)


async def test_a_chat_has_one_turn_at_a_time(replica: Replica, other_replica: Replica) -> None:
    first, second = await replica.arrives(CHAT), await replica.arrives(CHAT)
    assert await replica.turns.begin(CHAT, PERSON, "一", [first]) is not None
    assert await other_replica.turns.begin(CHAT, PERSON, "二", [second]) is None
    assert [u.update_id for u in await replica.inbox.list_pending(CHAT)] == [second]


async def test_after_a_reset_numbers_begin_again(replica: Replica) -> None:
    await replica.says(CHAT, "一", "嗯")
    before = await replica.turns.last_for_chat(CHAT)
    assert before is not None
    assert await replica.conversations.reset(CHAT)
    assert await replica.turns.last_for_chat(CHAT) is None
    await replica.says(CHAT, "二", "嗯")
    after = await replica.turns.last_for_chat(CHAT)
    assert after is not None
    assert after.number == 1
    assert after.conversation_id != before.conversation_id


async def test_a_turn_that_runs_through_a_reset_still_ends(replica: Replica) -> None:
    first, second = await replica.arrives(CHAT), await replica.arrives(CHAT)
    turn = await replica.turns.begin(CHAT, PERSON, "一", [first])
    assert turn is not None
    await replica.conversations.reset(CHAT)
    assert await replica.turns.begin(CHAT, PERSON, "二", [second]) is None
    assert await replica.turns.finish(turn.id, "嗯", "answered") is not None
    assert await replica.turns.begin(CHAT, PERSON, "二", [second]) is not None


async def test_history_is_the_newest_finished_turns_in_order(replica: Replica) -> None:
    for number in range(1, 6):
        await replica.says(CHAT, f"说{number}", f"答{number}")
    update = await replica.arrives(CHAT)
    failed = await replica.turns.begin(CHAT, PERSON, "没有回答", [update])
    assert failed is not None
    await replica.turns.fail(failed.id, "EngineTimeout")
    update = await replica.arrives(CHAT)
    turn = await replica.turns.begin(CHAT, PERSON, "现在", [update])
    assert turn is not None
    assert await replica.turns.history(turn.conversation_id, turn.number, 3) == (
        PastTurn(4, "说4", "答4"),
        PastTurn(5, "说5", "答5"),
        PastTurn(6, "没有回答", None),
    )
    assert len(await replica.turns.history(turn.conversation_id, 3, 100)) == 2


async def test_a_failed_turn_keeps_what_was_said_and_can_be_tried_again(replica: Replica) -> None:
    update = await replica.arrives(CHAT)
    turn = await replica.turns.begin(CHAT, PERSON, "在吗", [update])
    assert turn is not None
    await replica.turns.set_answer_message(turn.id, 77)
    await replica.turns.fail(turn.id, "EngineUnavailable")
    failed = await replica.turns.get(turn.id)
    assert failed is not None
    assert (failed.state, failed.failure) == ("failed", "EngineUnavailable")
    assert await replica.inbox.counts() == InboxCounts(new=0, claimed=0, failed=1)

    reopened = await replica.turns.reopen(turn.id)
    assert reopened is not None
    claimed = await replica.turns.claim_unfinished(CHAT)
    assert claimed is not None
    assert (claimed.number, claimed.user_text, claimed.answer_message_id) == (1, "在吗", 77)
    await replica.turns.finish(turn.id, "在的", "answered")
    done = await replica.turns.get(turn.id)
    assert done is not None
    assert (done.state, done.answer, done.failure) == ("answered", "在的", None)
    assert await replica.inbox.counts() == InboxCounts(new=0, claimed=0, failed=0)


async def test_redo_replaces_the_answer_under_the_same_number(replica: Replica) -> None:
    await replica.says(CHAT, "一", "嗯")
    turn_id = await replica.says(CHAT, "二", "第一次")
    before = await replica.turns.get(turn_id)
    reopened = await replica.turns.reopen(turn_id)
    assert before is not None
    assert reopened is not None
    assert (reopened.state, reopened.answer, reopened.number) == ("pending", None, 2)
    assert reopened.revision == before.revision + 1
    assert await replica.turns.claim_unfinished(CHAT) is not None
    await replica.turns.finish(turn_id, "第二次", "answered")
    history = await replica.turns.history(reopened.conversation_id, 99, 99)
    assert [past.answer for past in history] == ["嗯", "第二次"]


async def test_only_the_last_turn_of_an_open_conversation_is_reopened(replica: Replica) -> None:
    first = await replica.says(CHAT, "一", "嗯")
    second = await replica.says(CHAT, "二", "嗯")
    assert await replica.turns.reopen(first) is None
    assert await replica.turns.reopen(12345) is None
    update = await replica.arrives(CHAT)
    running = await replica.turns.begin(CHAT, PERSON, "三", [update])
    assert running is not None
    assert await replica.turns.reopen(second) is None
    assert await replica.turns.reopen(running.id) is None
    await replica.turns.finish(running.id, "嗯", "stopped")
    await replica.conversations.reset(CHAT)
    assert await replica.turns.reopen(running.id) is None


async def test_an_edit_replaces_the_text_of_an_unfinished_turn_and_ends_with_it(
    replica: Replica,
) -> None:
    update = await replica.arrives(CHAT)
    turn = await replica.turns.begin(CHAT, PERSON, "错字", [update])
    assert turn is not None
    edit = await replica.arrives(CHAT)
    assert await replica.turns.notify_edited(CHAT)
    assert await replica.turns.replace_text(turn.id, "改过的字", [edit])
    assert not await replica.turns.replace_text(turn.id, "再来一次", [edit])
    edited = await replica.turns.get(turn.id)
    assert edited is not None
    assert edited.user_text == "改过的字"
    assert [it.update_id for it in await replica.inbox.list_for_turn(turn.id)] == [update, edit]
    await replica.turns.finish(turn.id, "嗯", "answered")
    late = await replica.arrives(CHAT)
    assert not await replica.turns.notify_edited(CHAT)
    assert not await replica.turns.replace_text(turn.id, "太晚了", [late])
    assert [it.update_id for it in await replica.inbox.list_pending(CHAT)] == [late]


async def test_texts_that_are_hard_to_store_come_back_unchanged(replica: Replica) -> None:
    hard = "𠮷👩‍👩‍👧 \x00 \ud83d end"
    turn_id = await replica.says(CHAT, hard, "")
    turn = await replica.turns.get(turn_id)
    assert turn is not None
    assert (turn.user_text, turn.answer) == (hard, "")
