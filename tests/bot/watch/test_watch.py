"""What is watched: events at thresholds, metrics, and a look that fails."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from bot.metrics import REGISTRY
from bot.storage import Backlog, DatabaseUnavailable, InboxCounts
from bot.watch.progress import ProgressCheck
from bot.watch.surroundings import DiskCheck, LoopCheck, NodesCheck, PoolCheck
from bot.watch.watch import Watch

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 7, 1, 8, tzinfo=UTC)
LATE = timedelta(minutes=5)


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"shudong_{name}", labels) or 0.0


class Numbers:
    """Statistics of a database that a test fills, and takes away."""

    def __init__(self) -> None:
        self.waiting: timedelta | None = None
        self.is_away = False

    async def backlog(self) -> Backlog:
        if self.is_away:
            raise DatabaseUnavailable("away")
        since = None if self.waiting is None else NOW - self.waiting
        return Backlog(since, None, NOW - timedelta(minutes=1), 0, InboxCounts(7, 0, 0))

    async def people(self) -> dict[str, int]:
        return {"day": 3, "ever": 40}


async def test_a_message_that_waits_too_long_is_an_event_once_and_no_progress() -> None:
    numbers = Numbers()
    check = ProgressCheck(numbers, lambda: NOW, LATE)  # type: ignore[arg-type]
    with capture_logs() as logs:
        await check.look()
        assert await check.is_moving()
        numbers.waiting = LATE + timedelta(seconds=1)
        await check.look()
        await check.look()
        assert not await check.is_moving()
        assert value("oldest_unanswered_seconds") == 301
        numbers.is_away = True
        await check.look()
        assert not await check.is_moving()
        numbers.is_away, numbers.waiting = False, None
        await check.look()
    assert await check.is_moving()
    assert value("oldest_unanswered_seconds") == 0
    assert value("oldest_open_handover_seconds") == 60
    assert value("people", within="ever") == 40
    said = [(log["event"], log.get("waiting")) for log in logs]
    assert said == [
        ("answers_late", 7),
        ("progress_unknown", None),
        ("answers_in_time_again", None),
    ]


async def test_a_node_that_fails_is_an_event_and_so_is_its_return() -> None:
    nodes = [
        SimpleNamespace(address=address, takes_work=True, running=2) for address in ("a:1", "b:1")
    ]
    check = NodesCheck(nodes)  # type: ignore[arg-type]
    with capture_logs() as logs:
        await check.look()
        nodes[1].takes_work = False
        await check.look()
        await check.look()
        assert value("engine_node_up", node="b:1") == 0
        assert value("engine_node_up", node="a:1") == 1
        nodes[1].takes_work = True
        await check.look()
    assert [(log["event"], log["node"], log.get("left")) for log in logs] == [
        ("engine_node_down", "b:1", 1),
        ("engine_node_back", "b:1", None),
    ]


@pytest.mark.parametrize(
    ("total", "free", "is_low"),
    [
        (100 << 30, 1 << 30, False),  # a gigabyte is room for a long while
        (100 << 30, 400 << 20, True),
        (1 << 30, 100 << 20, False),  # a small disk, a tenth of it free
        (1 << 30, 40 << 20, True),
    ],
)
def test_a_disk_is_nearly_full_when_little_is_free_in_share_and_in_bytes(
    total: int, free: int, is_low: bool
) -> None:
    assert DiskCheck.is_low(total, free) is is_low


async def test_the_room_on_the_disk_is_shown_and_a_lost_folder_is_no_end(tmp_path: Path) -> None:
    await DiskCheck(tmp_path).look()
    assert 0 < value("disk_free_bytes") <= value("disk_size_bytes")
    with capture_logs() as logs:
        await DiskCheck(tmp_path / "gone").look()
    assert [log["event"] for log in logs] == ["disk_unknown"]


async def test_a_pool_that_stays_full_is_an_event_and_one_that_was_full_once_is_none() -> None:
    used = iter([16, 16, 3, 16, 16, 16, 16])
    database = SimpleNamespace(pool_usage=lambda: (next(used), 16))
    check = PoolCheck(database)  # type: ignore[arg-type]
    with capture_logs() as logs:
        for _ in range(7):
            await check.look()
    assert [log["event"] for log in logs] == ["storage_pool_exhausted"]


async def test_a_blocked_loop_is_an_event() -> None:
    moments = iter([0.0, 0.5, 10.0, 12.5])
    check = LoopCheck(clock=lambda: next(moments), sleep=_no_sleep)
    before = value("loop_lag_seconds_count")
    with capture_logs() as logs:
        await check.look()
        await check.look()
    assert value("loop_lag_seconds_count") == before + 2
    assert [(log["event"], log["seconds"]) for log in logs] == [("loop_blocked", 2.0)]


async def _no_sleep(_seconds: float) -> None:
    """A sleep that takes no time."""


async def test_a_look_that_fails_is_logged_and_the_next_one_comes() -> None:
    looked_again = asyncio.Event()

    class Broken:
        every = 1.0

        def __init__(self) -> None:
            self.looks = 0

        async def look(self) -> None:
            self.looks += 1
            if self.looks == 2:
                looked_again.set()
            raise RuntimeError

    watch = Watch([Broken(), NodesCheck([])], sleep=lambda _seconds: asyncio.sleep(0))
    with capture_logs() as logs:
        watch.start()
        await looked_again.wait()
        await watch.stop()
    assert {log["event"] for log in logs} == {"watch_failed"}
    assert {log["check"] for log in logs} == {"Broken"}
