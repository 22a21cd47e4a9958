"""Whether what arrives now would be stored."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bot.storage.db.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.storage.jobs import Jobs

WITHIN: Final = 2.0
HOLDS_FOR: Final = 2.0


class Readiness:
    """Asks the database to write: one whose disk is full still answers every question.

    However often it is asked, by whomever, a row is written once in two seconds at most.
    """

    def __init__(self, jobs: Jobs, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._jobs = jobs
        self._clock = clock
        self._asking = asyncio.Lock()
        self._known: tuple[bool, float] | None = None
        """What was found, and until when it holds."""

    async def check(self) -> bool:
        """Whether what arrives now would be stored. Never raises, takes 2 s at most."""
        async with self._asking:
            if self._known is None or self._clock() >= self._known[1]:
                found = await self._writes()
                self._known = found, self._clock() + HOLDS_FOR
            return self._known[0]

    async def _writes(self) -> bool:
        try:
            async with asyncio.timeout(WITHIN):
                await self._jobs.claim("readiness", timedelta())
        except (StorageError, TimeoutError):
            return False
        return True
