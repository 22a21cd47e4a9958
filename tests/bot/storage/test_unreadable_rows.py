"""A row that no key opens is set aside; the others are read as if it were not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.storage.models import TurnRow, UpdateRow

if TYPE_CHECKING:
    from bot.storage import Database
    from tests.bot.storage.conftest import Replica

CHAT = 42


async def spoil_update(database: Database, update_id: int) -> None:
    await database.write(
        lambda connection: connection.execute(
            sa.update(UpdateRow).where(UpdateRow.update_id == update_id).values(payload=b"spoilt")
        )
    )


async def spoil_turn(database: Database, turn_id: int) -> None:
    await database.write(
        lambda connection: connection.execute(
            sa.update(TurnRow).where(TurnRow.id == turn_id).values(user_text=b"spoilt")
        )
    )


async def states(database: Database) -> list[tuple[str, str | None]]:
    columns = sa.select(UpdateRow.state, UpdateRow.reason).order_by(UpdateRow.update_id)
    return await database.read(lambda c: [tuple(row) for row in c.execute(columns)])


async def test_the_express_lane_goes_on(replica: Replica, database: Database) -> None:
    spoilt = await replica.arrives(CHAT, lane="express")
    good = [await replica.arrives(CHAT + n, lane="express") for n in range(2)]
    await spoil_update(database, spoilt)
    claimed = await replica.inbox.claim_express(64)
    assert [stored.update_id for stored in claimed] == good
    assert await states(database) == [
        ("failed", "unreadable"),
        ("claimed", None),
        ("claimed", None),
    ]
    assert await replica.inbox.claim_express(64) == []


async def test_the_lane_of_the_chat_goes_on(replica: Replica, database: Database) -> None:
    spoilt = await replica.arrives(CHAT)
    good = await replica.arrives(CHAT)
    await spoil_update(database, spoilt)
    waiting = await replica.inbox.list_pending(CHAT)
    assert [stored.update_id for stored in waiting] == [good]
    assert await states(database) == [("failed", "unreadable"), ("new", None)]


async def test_a_turn_is_given_up_and_its_chat_goes_on(
    replica: Replica, database: Database
) -> None:
    update_id = await replica.arrives(CHAT)
    turn = await replica.turns.begin(CHAT, CHAT, "丢了", [update_id])
    assert turn is not None
    await replica.turns.release([turn.id])
    await spoil_turn(database, turn.id)
    assert await replica.turns.claim_unfinished(CHAT) is None
    assert await states(database) == [("failed", "unreadable")]
    await replica.says(CHAT, "在吗", "在")


async def test_one_turn_among_many_does_not_keep_the_others_from_being_claimed(
    replica: Replica, database: Database
) -> None:
    turns = []
    for chat in (CHAT, CHAT + 1):
        turn = await replica.turns.begin(chat, chat, "说", [await replica.arrives(chat)])
        assert turn is not None
        turns.append(turn.id)
    await replica.turns.release(turns)
    await spoil_turn(database, turns[0])
    assert await replica.turns.claim_unfinished(CHAT) is None
    claimed = await replica.turns.claim_unfinished(CHAT + 1)
    assert claimed is not None
    assert claimed.id == turns[1]


async def test_the_history_is_read_without_it(replica: Replica, database: Database) -> None:
    turns = [await replica.says(CHAT, f"第{n}句", "嗯") for n in (1, 2, 3)]
    await spoil_turn(database, turns[1])
    turn = await replica.turns.get(turns[0])
    assert turn is not None
    history = await replica.turns.history(turn.conversation_id, 99, 99)
    assert [past.user_text for past in history] == ["第1句", "第3句"]
