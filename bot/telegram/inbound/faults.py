"""A fault in one update costs that update at most, and no other of its batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.get_logger(__name__)

T = TypeVar("T")


class BatchFaults:
    """The faults in the updates of one batch: logged without their words, and counted.

    Telegram sends a batch again as a whole until it was taken. One update that raises here would
    keep every person in it from being heard, for as long as Telegram keeps it.
    """

    def __init__(self) -> None:
        self.count = 0

    def shield(self, update_id: int, step: str, run: Callable[[], T], otherwise: T) -> T:
        """What `run` makes of an update; `otherwise` where it raises."""
        try:
            return run()
        except Exception as error:
            self.note(update_id, step, error)
            return otherwise

    def note(self, update_id: int, step: str, error: Exception) -> None:
        """Log and count a fault in one `step` for an update."""
        self.count += 1
        log.error("update_fault", update=update_id, step=step, error=type(error).__name__)
