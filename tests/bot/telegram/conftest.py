from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.storage import Disclosure, generate_key
from bot.storage.store import StorageOptions, open_storage
from tests.bot.telegram.outbound.scripted_bot import ScriptedBot
from tests.bot.telegram.room import InlineExecutor, Moment, Room
from tests.bot.telegram.scripted_engine import ScriptedEngine
from tests.bot.telegram.updates import ADMIN, OTHER, PERSON
from tests.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from bot.storage.store import Storage


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine()


@pytest.fixture
def moment(clock: FakeClock) -> Moment:
    return Moment(clock)


@pytest.fixture
def database_switch() -> InlineExecutor:
    """Makes the database go away and come back."""
    return InlineExecutor()


@pytest.fixture
async def storage(
    sqlite_path: Path, moment: Moment, database_switch: InlineExecutor
) -> AsyncIterator[Storage]:
    """Storage that knows a few people; of anybody else it has never heard."""
    storage = await open_storage(
        StorageOptions(
            sqlite_path.parent, database_url=f"sqlite:///{sqlite_path}", keys=[generate_key()]
        ),
        clock=moment,
        executor=database_switch,
    )
    now = moment()
    for known in (PERSON, OTHER, ADMIN):
        told = Disclosure(told_at=now, last_wrote_at=now, session_began_at=now)
        await storage.disclosures.record(known, told)
        await storage.disclosures.set_age(known, "adult")
    yield storage
    await storage.aclose()


@pytest.fixture
async def open_room(
    storage: Storage, engine: ScriptedEngine, clock: FakeClock
) -> AsyncIterator[Callable[..., Room]]:
    """Starts processes on the same database, before the same Telegram."""
    bot = ScriptedBot(clock)
    rooms: list[Room] = []

    def opened(**options: object) -> Room:
        rooms.append(Room(storage, bot, engine, clock, **options))
        return rooms[-1]

    yield opened
    for room in rooms:
        await room.aclose()


@pytest.fixture
async def room(open_room: Callable[..., Room]) -> Room:
    """One process, running."""
    return open_room()
