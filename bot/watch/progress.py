"""Whether people are answered: what waits the longest, as the database shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

from bot import metrics
from bot.storage import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

    from bot.storage import Backlog, Statistics

log = structlog.get_logger(__name__)


class ProgressCheck:
    """Follows the oldest message without an answer, the oldest owed card, the oldest call.

    Args:
        statistics: are asked.
        now: the moment, by the clock that records go by.
        late_after: a message that waits longer is late.
    """

    every: Final = 10.0
    people_every: Final = 30
    """So many looks go by between two counts of people, which read a whole table."""

    def __init__(
        self, statistics: Statistics, now: Callable[[], datetime], late_after: timedelta
    ) -> None:
        self._statistics = statistics
        self._now = now
        self._late_after = late_after
        self._is_late = False
        self._looks = 0

    async def is_moving(self) -> bool:
        """Whether no message has waited too long, as far as the last look has shown."""
        return not self._is_late

    async def look(self) -> None:
        """Ask the database once."""
        try:
            self._show(await self._statistics.backlog())
            if self._looks % self.people_every == 0:
                for within, people in (await self._statistics.people()).items():
                    metrics.PEOPLE.labels(within).set(people)
        except StorageError as error:
            log.info("progress_unknown", error=type(error).__name__)
            return
        self._looks += 1

    def _show(self, backlog: Backlog) -> None:
        waited = self._age(backlog.oldest_unanswered)
        metrics.OLDEST_UNANSWERED.set(waited)
        metrics.OLDEST_OWED_CARD.set(self._age(backlog.oldest_owed_card))
        metrics.OLDEST_OPEN_HANDOVER.set(self._age(backlog.oldest_open_handover))
        for state in ("new", "claimed", "failed"):
            metrics.INBOX.labels(state).set(getattr(backlog.updates, state))
        was_late, self._is_late = self._is_late, waited > self._late_after.total_seconds()
        if self._is_late and not was_late:
            log.error("answers_late", oldest_seconds=round(waited), waiting=backlog.updates.new)
        elif was_late and not self._is_late:
            log.info("answers_in_time_again")

    def _age(self, moment: datetime | None) -> float:
        return 0.0 if moment is None else max((self._now() - moment).total_seconds(), 0.0)
