from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.bot.storage.conftest import Replica


async def test_a_chat_has_one_open_conversation_until_a_reset(replica: Replica) -> None:
    assert not await replica.conversations.reset(1)
    await replica.says(1, "一", "嗯")
    await replica.says(1, "二", "嗯")
    last = await replica.turns.last_for_chat(1)
    assert last is not None
    assert last.number == 2
    assert await replica.conversations.reset(1)
    assert await replica.turns.last_for_chat(1) is None
    assert not await replica.conversations.reset(1)


async def test_resetting_all_ends_every_open_conversation(replica: Replica) -> None:
    for chat in (1, 2, 3):
        await replica.says(chat, "说", "答")
    await replica.conversations.reset(2)
    assert await replica.conversations.reset_all() == 2
    assert await replica.conversations.reset_all() == 0
