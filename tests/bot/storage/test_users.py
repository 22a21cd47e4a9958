from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from bot.storage.db.types import UtcDateTime
from bot.storage.models import Base, UpdateRow, UserRow
from tests.bot.storage.conftest import Replica

if TYPE_CHECKING:
    from datetime import datetime

    from bot.storage import Cipher, Database
    from tests.bot.storage.conftest import WallClock

PERSON = 7_000_000_001
GROUP = -1_001_234_567_890


async def test_a_person_is_noted_with_language_and_time(replica: Replica, clock: WallClock) -> None:
    assert await replica.users.get(PERSON) is None
    first = clock()
    await replica.users.record_seen(PERSON, "zh-hans")
    clock.advance(minutes=5)
    await replica.users.record_seen(PERSON, "en")
    user = await replica.users.get(PERSON)
    assert user is not None
    assert user.language_code == "en"
    assert (user.created_at, user.last_seen_at) == (first, clock())


@pytest.mark.parametrize("odd", ["x" * 36, "zh\0hans", "\ud800", ""], ids=ascii)
async def test_a_language_that_cannot_be_one_keeps_nobody_out(replica: Replica, odd: str) -> None:
    for told in ("zh-hans", odd):
        await replica.users.record_seen(PERSON, told)
    user = await replica.users.get(PERSON)
    assert user is not None
    assert user.language_code is None


async def test_being_seen_is_written_once_an_hour_or_on_change(
    replica: Replica, database: Database, clock: WallClock
) -> None:
    def writes_so_far(connection: sa.Connection) -> None:
        # Whoever writes again puts this right again.
        connection.execute(sa.update(UserRow).values(language_code="untouched"))

    async def language() -> str | None:
        user = await replica.users.get(PERSON)
        assert user is not None
        return user.language_code

    await replica.users.record_seen(PERSON, "zh")
    await database.write(writes_so_far)
    clock.advance(minutes=59)
    await replica.users.record_seen(PERSON, "zh")
    assert await language() == "untouched"
    clock.advance(minutes=2)
    await replica.users.record_seen(PERSON, "zh")
    assert await language() == "zh"
    await replica.users.record_seen(PERSON, "en")
    assert await language() == "en"


async def test_who_blocked_the_bot_is_reachable_again_after_writing(
    replica: Replica, clock: WallClock
) -> None:
    await replica.users.record_seen(PERSON, "zh")
    await replica.users.mark_unreachable(PERSON)
    user = await replica.users.get(PERSON)
    assert user is not None
    assert user.unreachable_at == clock()
    await replica.users.record_seen(PERSON, "zh")
    user = await replica.users.get(PERSON)
    assert user is not None
    assert user.unreachable_at is None

    await replica.users.mark_unreachable(PERSON)
    await replica.users.mark_reachable(PERSON)
    user = await replica.users.get(PERSON)
    assert user is not None
    assert user.unreachable_at is None


async def test_an_export_holds_everything_a_person_said(replica: Replica) -> None:
    await replica.users.record_seen(PERSON, "zh")
    await replica.says(PERSON, "第一次", "我在")
    await replica.conversations.reset(PERSON)
    await replica.says(PERSON, "第二次", "还在")
    await replica.says(PERSON + 1, "别人", "嗯")
    update = await replica.arrives(GROUP)
    in_group = await replica.turns.begin(GROUP, PERSON, "群里说的", [update])
    assert in_group is not None
    export = await replica.users.export(PERSON)
    assert export.user is not None
    said = [(turn.user_text, turn.answer) for turn in export.turns]
    assert said == [("第一次", "我在"), ("第二次", "还在"), ("群里说的", None)]


async def test_erasing_leaves_nothing_of_a_person_and_everything_of_others(
    replica: Replica,
) -> None:
    for person in (PERSON, PERSON + 1):
        await replica.users.record_seen(person, "zh")
        await replica.says(person, "说", "答")
    waiting = await replica.arrives(PERSON)
    running = await replica.turns.begin(PERSON, PERSON, "还在说", [waiting])
    assert running is not None
    await replica.arrives(PERSON)
    assert await replica.users.erase(PERSON) == 2

    export = await replica.users.export(PERSON)
    assert (export.user, export.turns) == (None, ())
    assert not await replica.conversations.reset(PERSON)
    assert await replica.inbox.list_pending(PERSON) == []
    assert await replica.turns.finish(running.id, "晚了", "answered") is None
    assert len((await replica.users.export(PERSON + 1)).turns) == 1

    # A row id that came back would let an old button reach somebody else's turn.
    assert await replica.says(PERSON, "新的开始", "欢迎") > running.id
    await replica.users.record_seen(PERSON, "zh")
    assert await replica.users.get(PERSON) is not None


async def test_erasing_a_person_does_not_end_the_group_they_spoke_in(
    replica: Replica, database: Database, cipher: Cipher, clock: WallClock
) -> None:
    other = Replica(database, cipher, "replica-1", clock)
    update = await replica.arrives(GROUP)
    turn = await replica.turns.begin(GROUP, PERSON, "我说的", [update])
    assert turn is not None
    await replica.turns.finish(turn.id, "嗯", "answered")
    await replica.users.erase(PERSON)
    update = await other.arrives(GROUP, update_id=5000)
    following = await other.turns.begin(GROUP, PERSON + 1, "别人说的", [update])
    assert following is not None
    assert following.conversation_id == turn.conversation_id
    assert await other.turns.history(turn.conversation_id, 99, 99) == ()


async def test_erasing_a_person_in_mid_answer_frees_the_group_and_leaves_none_of_their_words(
    replica: Replica, database: Database
) -> None:
    update = await replica.arrives(GROUP)
    running = await replica.turns.begin(GROUP, PERSON, "我说的", [update])
    assert running is not None
    await replica.users.erase(PERSON)

    left = await database.read(lambda c: c.scalars(sa.select(UpdateRow.update_id)).all())
    assert left == []
    following = await replica.arrives(GROUP)
    assert await replica.inbox.list_chats_with_work(10) == [GROUP]
    turn = await replica.turns.begin(GROUP, PERSON + 1, "别人说的", [following])
    assert turn is not None


async def test_erasing_a_person_makes_copies_of_the_groups_past_misses(replica: Replica) -> None:
    update = await replica.arrives(GROUP)
    turn = await replica.turns.begin(GROUP, PERSON, "我说的", [update])
    assert turn is not None
    revision = await replica.turns.finish(turn.id, "嗯", "answered")
    await replica.users.erase(PERSON)
    update = await replica.arrives(GROUP)
    following = await replica.turns.begin(GROUP, PERSON + 1, "别人说的", [update])
    assert following is not None
    assert revision is not None
    assert following.revision > revision


def _example(column: sa.Column[Any], now: datetime) -> object:
    """A value a column takes: people are `PERSON`, other numbers 1, so that rows fit together."""
    if isinstance(column.type, UtcDateTime):
        return now
    if column.name in {"user_id", "chat_id"} or str(column) == "users.id":
        return PERSON
    return {int: 1, bool: False, bytes: b"x"}.get(column.type.python_type, "x")


async def test_an_erasure_forgets_no_table_that_names_people(
    replica: Replica, database: Database, clock: WallClock
) -> None:
    """A new table with a `user_id` has to be part of /erase, and of /export."""
    tables = Base.metadata.sorted_tables
    named = [table for table in tables if "user_id" in table.columns]

    def fill(connection: sa.Connection) -> None:
        for table in tables:
            if table in named or table.name in {"users", "conversations"}:
                needed = [column for column in table.columns if not column.nullable]
                values = {column.name: _example(column, clock()) for column in needed}
                connection.execute(sa.insert(table).values(values))

    def left(connection: sa.Connection) -> list[str]:
        return [table.name for table in named if connection.execute(sa.select(table)).first()]

    await database.write(fill)
    assert await database.read(left) == [table.name for table in named]
    await replica.users.erase(PERSON)
    assert await database.read(left) == []
