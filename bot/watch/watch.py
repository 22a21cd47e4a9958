"""Looks at everything that is watched, each thing at its own pace."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

import structlog

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

log = structlog.get_logger(__name__)


class Check(Protocol):
    """Something that is looked at every few seconds."""

    @property
    def every(self) -> float:
        """Seconds between two looks."""
        ...

    async def look(self) -> None:
        """Look once: set metrics, log what has changed or passed a threshold."""
        ...


class Watch:
    """Looks from `start` to `stop`. A look that fails is logged and costs no other."""

    def __init__(
        self,
        checks: Sequence[Check],
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._checks = checks
        self._sleep = sleep
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to look."""
        self._tasks = [
            asyncio.create_task(self._go_on(check), name=f"watch {type(check).__name__}")
            for check in self._checks
        ]

    async def stop(self) -> None:
        """Look no more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _go_on(self, check: Check) -> None:
        while True:
            try:
                await check.look()
            except Exception:
                log.exception("watch_failed", check=type(check).__name__)
            await self._sleep(check.every)
