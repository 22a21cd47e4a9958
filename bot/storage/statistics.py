"""How the work stands: what waits, how many people write, how turns end. Numbers, nobody's ids."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from bot.storage.access import MAINTENANCE
from bot.storage.models import (
    TURN_IS_UNFINISHED,
    CrisisCardRow,
    HandoverRow,
    RiskRow,
    SwitchRow,
    TurnRow,
    UpdateRow,
    UserRow,
)

if TYPE_CHECKING:
    from datetime import date, datetime

    from bot.storage.db.clock import Clock
    from bot.storage.db.database import Database
    from bot.storage.models import UpdateState

DAY: Final = timedelta(days=1)
SPANS: Final = {"day": DAY, "week": 7 * DAY, "month": 30 * DAY}


@dataclass(frozen=True, slots=True)
class InboxCounts:
    """How many updates wait, are being worked on, and were given up."""

    new: int
    claimed: int
    failed: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits, and since when; None: nothing.

    Who has had their answers of the day waits by the rules, as all do in a maintenance, and is not
    counted.
    """

    oldest_unanswered: datetime | None
    oldest_owed_card: datetime | None
    oldest_open_handover: datetime | None
    unfinished_turns: int
    updates: InboxCounts


@dataclass(frozen=True, slots=True)
class TurnCounts:
    """How the turns of a span ended, and the median and 95th percentile of their seconds."""

    answered: int
    stopped: int
    failed: int
    unfinished: int
    by_failure: dict[str, int]
    median_seconds: float | None
    p95_seconds: float | None


@dataclass(frozen=True, slots=True)
class DayCounts:
    """How the turns that began on a day (UTC) have ended."""

    day: date
    answered: int
    failed: int


@dataclass(frozen=True, slots=True)
class DangerCounts:
    """How many people a level is kept in mind of now, by their highest one; cards of a span."""

    people: dict[int, int]
    cards: dict[int, int]
    open_calls: int
    """Calls for a human that nobody has taken."""


class Statistics:
    """Reads numbers; each method is one transaction."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def backlog(self) -> Backlog:
        """What waits now."""
        return await self._database.read(_backlog, self._clock() - DAY)

    async def people(self) -> dict[str, int]:
        """How many people wrote within a day, a week, a month, and ever."""
        now = self._clock()
        since = {name: now - span for name, span in SPANS.items()}
        return await self._database.read(_people, since)

    async def turns(self, since: datetime) -> TurnCounts:
        """How turns that began since a moment have ended."""
        return await self._database.read(_turns, since)

    async def by_day(self, days: int) -> list[DayCounts]:
        """How turns ended on each of the last days, today included, the oldest first."""
        return await self._database.read(_by_day, self._clock(), days)

    async def danger(self, since: datetime) -> DangerCounts:
        """In how much danger people are now, and what cards went out since a moment."""
        return await self._database.read(_danger, self._clock(), since)


_MAY_BE_ANSWERED: Final = sa.and_(
    ~sa.exists().where(
        UserRow.id == UpdateRow.chat_id, UserRow.limit_told_at > sa.bindparam("limited_since")
    ),
    ~sa.exists().where(SwitchRow.name == MAINTENANCE),
)


def _backlog(connection: sa.Connection, limited_since: datetime) -> Backlog:
    waiting = sa.select(sa.func.min(UpdateRow.received_at)).where(
        UpdateRow.state.in_(("new", "claimed")),
        sa.or_(UpdateRow.lane == "express", UpdateRow.state == "claimed", _MAY_BE_ANSWERED),
    )
    owed = sa.select(sa.func.min(CrisisCardRow.created_at)).where(CrisisCardRow.state == "owed")
    calls = sa.select(sa.func.min(HandoverRow.opened_at)).where(HandoverRow.state == "open")
    unfinished = sa.select(sa.func.count()).select_from(TurnRow).where(TURN_IS_UNFINISHED)
    return Backlog(
        oldest_unanswered=connection.scalar(waiting, {"limited_since": limited_since}),
        oldest_owed_card=connection.scalar(owed),
        oldest_open_handover=connection.scalar(calls),
        unfinished_turns=connection.scalar(unfinished) or 0,
        updates=count_updates(connection),
    )


def count_updates(connection: sa.Connection) -> InboxCounts:
    """How many updates are in each state that is not done."""
    states: tuple[UpdateState, ...] = ("new", "claimed", "failed")
    found = {
        row.state: row.n
        for row in connection.execute(
            sa.select(UpdateRow.state, sa.func.count().label("n"))
            .where(UpdateRow.state.in_(states))
            .group_by(UpdateRow.state)
        )
    }
    return InboxCounts(**{state: found.get(state, 0) for state in states})


def _people(connection: sa.Connection, since: dict[str, datetime]) -> dict[str, int]:
    counts = [
        sa.func.count(UserRow.id).filter(UserRow.last_seen_at > moment).label(name)
        for name, moment in since.items()
    ]
    row = connection.execute(sa.select(*counts, sa.func.count(UserRow.id).label("ever"))).one()
    return dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it


def _turns(connection: sa.Connection, since: datetime) -> TurnCounts:
    recent = TurnRow.created_at > since
    states = dict(
        connection.execute(
            sa.select(TurnRow.state, sa.func.count()).where(recent).group_by(TurnRow.state)
        ).all()
    )
    failures = dict(
        connection.execute(
            sa.select(TurnRow.failure, sa.func.count())
            .where(recent, TurnRow.state == "failed")
            .group_by(TurnRow.failure)
            .order_by(sa.func.count().desc())
        ).all()
    )
    took = sorted(
        0.0 if answered_at is None else (answered_at - created_at).total_seconds()
        for created_at, answered_at in connection.execute(
            sa.select(TurnRow.created_at, TurnRow.answered_at)
            .where(recent, TurnRow.state == "answered", TurnRow.answered_at.is_not(None))
            .order_by(TurnRow.id.desc())
            .limit(10_000)
        )
    )
    return TurnCounts(
        answered=states.get("answered", 0),
        stopped=states.get("stopped", 0),
        failed=states.get("failed", 0),
        unfinished=states.get("pending", 0) + states.get("answering", 0),
        by_failure={reason or "unknown": n for reason, n in failures.items()},
        median_seconds=took[len(took) // 2] if took else None,
        p95_seconds=took[int(len(took) * 0.95)] if took else None,
    )


def _danger(connection: sa.Connection, now: datetime, since: datetime) -> DangerCounts:
    highest = (
        sa.select(sa.func.max(RiskRow.level).label("level"))
        .where(RiskRow.until > now)
        .group_by(RiskRow.user_id)
        .subquery()
    )
    people = connection.execute(
        sa.select(highest.c.level, sa.func.count().label("n"))
        .group_by(highest.c.level)
        .order_by(highest.c.level)
    )
    cards = connection.execute(
        sa.select(CrisisCardRow.level, sa.func.count().label("n"))
        .where(CrisisCardRow.created_at > since)
        .group_by(CrisisCardRow.level)
        .order_by(CrisisCardRow.level)
    )
    calls = sa.select(sa.func.count()).where(HandoverRow.state == "open")
    return DangerCounts(
        people={row.level: row.n for row in people},
        cards={row.level: row.n for row in cards},
        open_calls=connection.scalar(calls) or 0,
    )


def _by_day(connection: sa.Connection, now: datetime, days: int) -> list[DayCounts]:
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    begins = [today - back * DAY for back in range(days - 1, -1, -1)]
    # Counted by moments: each database has its own idea of the day of one.
    counts = [
        sa.func.count().filter(
            TurnRow.created_at >= begin, TurnRow.created_at < begin + DAY, TurnRow.state == state
        )
        for begin in begins
        for state in ("answered", "failed")
    ]
    row = connection.execute(sa.select(*counts).where(TurnRow.created_at >= begins[0])).one()
    return [
        DayCounts(begin.date(), row[2 * place], row[2 * place + 1])
        for place, begin in enumerate(begins)
    ]
