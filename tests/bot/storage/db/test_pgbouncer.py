"""The real PgBouncer, by transaction, with three servers for sixteen connections."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from bot.storage import Cipher, Database, Inbox, LeaseOwner, NewUpdate, Turns, generate_key, utc_now
from bot.storage.notifications import Notification, Notifications
from bot.storage.readiness import Readiness
from devtools.servers import PgBouncer
from tests.serving import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

OWNER = LeaseOwner(id="replica", clock=utc_now)


@pytest.fixture
async def pooled(postgres_url: str) -> AsyncIterator[Database]:
    server = sa.make_url(postgres_url)
    for pooler in serving(lambda: PgBouncer(server)):
        database = Database(pooler.url(server.database or ""))
        yield database
        await database.aclose()


async def test_a_hundred_messages_at_once_become_turns_and_end(pooled: Database) -> None:
    cipher = Cipher.from_keys([generate_key()])
    inbox, turns = Inbox(pooled, cipher, OWNER), Turns(pooled, cipher, OWNER)

    async def is_answered(number: int) -> bool:
        await inbox.add(NewUpdate(number, number, "chat", b"{}", utc_now()))
        turn = await turns.begin(number, number, "…", [number])
        return turn is not None and await turns.finish(turn.id, "…", "answered") is not None

    assert all(await asyncio.gather(*(is_answered(number) for number in range(1, 101))))
    assert await Readiness(pooled, OWNER).check()
    assert pooled.pool_usage()[1] == 16


async def test_replicas_are_heard_past_the_pooler_and_not_through_it(
    pooled: Database, postgres_url: str
) -> None:
    with capture_logs() as logs:
        await Notifications(pooled).listen(lambda _: None)  # returns
    assert [log["event"] for log in logs] == ["notifications_off"]

    heard: asyncio.Queue[Notification] = asyncio.Queue()
    listener = Notifications(pooled, postgres_url)
    listening = asyncio.create_task(listener.listen(heard.put_nowait))
    assert (await heard.get()).kind == "work"  # it listens from here on
    await listener.send(Notification("stop", 7))
    assert await heard.get() == Notification("stop", 7)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
