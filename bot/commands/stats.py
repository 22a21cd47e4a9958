"""How the bot fares, in numbers of nobody."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bot.commands.opened import opened
from bot.storage import Counters, Retention, Statistics, utc_now

_MANY: Final = 1_000_000

if TYPE_CHECKING:
    from bot.settings import Settings


async def due(settings: Settings) -> str:
    """How many people RETENTION_DAYS concerns now; nobody is told or erased by asking.

    Raises:
        StartupError: the database cannot be read.
    """
    if not settings.retention_days:
        return "RETENTION_DAYS is 0: everything is kept until its person sends /erase."
    kept_for = timedelta(days=settings.retention_days)
    async with opened(settings) as database:
        retention = Retention(database, utc_now)
        to_tell = await retention.list_to_tell(kept_for, _MANY, settings.admin_user_ids)
        to_erase = await retention.list_to_erase(kept_for, _MANY, settings.admin_user_ids)
    return (
        f"{len(to_tell)} people are to be told, and {len(to_erase)} to be erased; the bot does so "
        "hour by hour."
    )


async def stats(settings: Settings, days: int) -> str:
    """People, turns, waits and counters of the last `days` days.

    Raises:
        StartupError: the database cannot be read.
    """
    now = utc_now()
    async with opened(settings) as database:
        statistics = Statistics(database, utc_now)
        people = await statistics.people()
        turns = await statistics.turns(now - timedelta(days=days))
        backlog = await statistics.backlog()
        counted = await Counters(database, utc_now).totals(
            (now - timedelta(days=days - 1)).date(), now.date()
        )
    waits = (
        "-"
        if backlog.oldest_unanswered is None
        else f"{(now - backlog.oldest_unanswered).total_seconds():.0f} s"
    )
    rows = [
        ("people", ", ".join(f"{name} {count}" for name, count in people.items())),
        ("turns", f"{turns.answered} answered, {turns.stopped} stopped, {turns.failed} failed"),
        ("a turn took", f"median {_seconds(turns.median_seconds)}"),
        ("95 % took less", _seconds(turns.p95_seconds)),
        ("in work", f"{turns.unfinished} turns, {backlog.updates.new} updates wait"),
        ("oldest wait", waits),
        ("given up", f"{backlog.updates.failed} updates within a week"),
        *((f"failed: {reason}", str(count)) for reason, count in turns.by_failure.items()),
        *((name, str(count)) for name, count in counted.items()),
    ]
    width = max(len(name) for name, _ in rows)
    return "\n".join(
        [f"Last {days} days (UTC)", *(f"{name:<{width}}  {value}" for name, value in rows)]
    )


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} s"
