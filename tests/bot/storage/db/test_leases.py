"""Leases on rows whose key has two columns: crisis cards, as they have nothing else to claim."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from bot.storage import LeaseOwner
from bot.storage.db.leases import Leases
from bot.storage.models import CrisisCardRow

if TYPE_CHECKING:
    from bot.storage import Database
    from tests.bot.storage.conftest import WallClock

LEASES = Leases(
    CrisisCardRow,
    (CrisisCardRow.update_id, CrisisCardRow.level),
    claimable=CrisisCardRow.state == "owed",
)
CARDS = [(1, 2), (1, 3), (2, 2)]
MINE, OTHERS = CARDS[:2], CARDS[2:]


@pytest.fixture
def owner(clock: WallClock) -> LeaseOwner:
    return LeaseOwner("replica-1", timedelta(seconds=30), clock)


@pytest.fixture
def other(clock: WallClock) -> LeaseOwner:
    return LeaseOwner("replica-2", timedelta(seconds=30), clock)


@pytest.fixture
async def claimed(
    database: Database, owner: LeaseOwner, other: LeaseOwner, clock: WallClock
) -> Database:
    """Two cards of one owner and one of another."""
    rows = [
        {
            "update_id": update_id,
            "level": level,
            "chat_id": 5,
            "user_id": 5,
            "repeated": False,
            "number": 0,
            "state": "owed",
            "created_at": clock(),
        }
        for update_id, level in CARDS
    ]
    await database.write(lambda connection: connection.execute(sa.insert(CrisisCardRow), rows))
    await database.write(LEASES.claim, MINE, owner.lease())
    await database.write(LEASES.claim, OTHERS, other.lease())
    return database


async def free(database: Database, owner: LeaseOwner) -> list[tuple[int, int]]:
    columns = sa.select(CrisisCardRow.update_id, CrisisCardRow.level).order_by(*LEASES.key)
    now = owner.clock()
    return await database.read(
        lambda connection: [
            tuple(row) for row in connection.execute(columns.where(LEASES.is_free(now)))
        ]
    )


async def test_a_lease_holds_until_it_runs_out_unless_it_is_renewed(
    claimed: Database, owner: LeaseOwner, clock: WallClock
) -> None:
    assert await free(claimed, owner) == []
    clock.advance(seconds=20)
    assert await claimed.write(LEASES.renew, CARDS, owner.lease()) == set(MINE)
    clock.advance(seconds=20)
    assert await free(claimed, owner) == OTHERS
    clock.advance(seconds=20)
    assert await free(claimed, owner) == CARDS


async def test_only_the_owner_releases_its_rows(
    claimed: Database, owner: LeaseOwner, other: LeaseOwner
) -> None:
    await claimed.write(LEASES.release, CARDS, owner.id)
    assert await free(claimed, owner) == MINE
    assert await claimed.write(LEASES.release_others, other.id) == 0
    assert await claimed.write(LEASES.release_others, owner.id) == 1
    assert await free(claimed, owner) == CARDS


async def test_expired_leases_are_released_but_for_those_excluded(
    claimed: Database, owner: LeaseOwner, clock: WallClock
) -> None:
    assert await claimed.write(LEASES.release_expired, owner.clock()) == 0
    clock.advance(seconds=31)
    assert await claimed.write(LEASES.release_expired, owner.clock(), MINE) == 1
    # An excluded owner that renews in time still has its rows.
    assert await claimed.write(LEASES.renew, CARDS, owner.lease()) == set(MINE)
