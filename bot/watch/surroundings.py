"""What the bot stands on: nodes of the engine, disk, connections, its event loop."""

from __future__ import annotations

import asyncio
import shutil
import time
from typing import TYPE_CHECKING, Final

import structlog

from bot import metrics
from bot.storage import StorageError
from bot.storage.replicas import REPORT_EVERY

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from bot.storage import Database
    from bot.storage.store import Storage
    from inference.nodes.node import Node

log = structlog.get_logger(__name__)


class NodesCheck:
    """Says which nodes of the engine fail; as long as one answers, no person notices it."""

    every: Final = 5.0

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._nodes = nodes
        self._failed: set[str] = set()

    async def look(self) -> None:
        """Read what the nodes' circuit breakers know; nothing is sent."""
        for node in self._nodes:
            metrics.NODE_UP.labels(node.address).set(node.takes_work)
            metrics.NODE_RUNNING.labels(node.address).set(node.running)
            if not node.takes_work and node.address not in self._failed:
                self._failed.add(node.address)
                log.error(
                    "engine_node_down",
                    node=node.address,
                    left=sum(one.takes_work for one in self._nodes),
                )
            elif node.takes_work and node.address in self._failed:
                self._failed.discard(node.address)
                log.info("engine_node_back", node=node.address)


class PresenceCheck:
    """Says to the other replicas that this one is there, and which keys it has."""

    every: Final = REPORT_EVERY.total_seconds()

    def __init__(self, storage: Storage, version: str) -> None:
        self._storage = storage
        self._version = version

    async def look(self) -> None:
        """Say so once."""
        try:
            await self._storage.report(self._version)
        except StorageError as error:
            log.info("presence_not_told", error=type(error).__name__)

    async def leave(self) -> None:
        """Say that this one ends."""
        try:
            async with asyncio.timeout(0.5):
                await self._storage.leave()
        except (StorageError, TimeoutError) as error:
            log.info("presence_not_told", error=type(error).__name__)


class DiskCheck:
    """Warns before the disk of DATA_DIR is full, while there is time to make room."""

    every: Final = 30.0
    LOW_SHARE: Final = 0.05
    LOW_BYTES: Final = 512 << 20
    """Below both of these parts of a disk it is nearly full."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._is_low = False

    async def look(self) -> None:
        """Ask the file system."""
        try:
            total, _, free = await asyncio.to_thread(shutil.disk_usage, self._folder)
        except OSError as error:
            log.warning("disk_unknown", error=type(error).__name__)
            return
        metrics.DISK_SIZE.set(total)
        metrics.DISK_FREE.set(free)
        was_low, self._is_low = self._is_low, self.is_low(total, free)
        if self._is_low and not was_low:
            log.error("disk_nearly_full", free_megabytes=free >> 20, fix="make room")

    @classmethod
    def is_low(cls, total: int, free: int) -> bool:
        """Whether so few free bytes of a disk are a reason to make room."""
        return free < min(cls.LOW_SHARE * total, cls.LOW_BYTES)


class PoolCheck:
    """Says when every connection to the database is in use again and again."""

    every: Final = 5.0
    LOOKS: Final = 3

    def __init__(self, database: Database) -> None:
        self._database = database
        self._full = 0

    async def look(self) -> None:
        """Count connections; nothing is asked of the database."""
        used, size = self._database.pool_usage()
        metrics.STORAGE_POOL_USED.set(used)
        metrics.STORAGE_POOL_SIZE.set(size)
        self._full = self._full + 1 if used >= size else 0
        if self._full == self.LOOKS:
            log.warning(
                "storage_pool_exhausted",
                connections=size,
                fix="look for slow statements, or lower CHATS_AT_ONCE and add a replica",
            )


class LoopCheck:
    """Measures how late the event loop comes: what blocks it makes everybody wait."""

    every: Final = 0.0
    LATE: Final = 1.0
    PAUSE: Final = 0.5

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep

    async def look(self) -> None:
        """Sleep a moment and see how long it took."""
        before = self._clock()
        await self._sleep(self.PAUSE)
        late = max(self._clock() - before - self.PAUSE, 0.0)
        metrics.LOOP_LAG.observe(late)
        if late >= self.LATE:
            log.warning("loop_blocked", seconds=round(late, 2))
