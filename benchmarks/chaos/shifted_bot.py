"""`python -m bot` with a wall clock that can be moved from outside.

The file named by `CHAOS_CLOCK` holds the seconds by which the clock is wrong; no file means that it
is right. The bot has one place that reads the wall clock (`bot.storage.db.clock.utc_now`), and only
there the wrong time is put in: nothing of this is in the bot itself. Its monotonic clock stays as
it is, as on a machine whose time is set.
"""

from __future__ import annotations

import os
import sys
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Self

from bot.__main__ import main
from bot.storage.db import clock

CLOCK_VARIABLE = "CHAOS_CLOCK"


def wrong_by(file: Path) -> timedelta:
    """How far the clock is off."""
    try:
        return timedelta(seconds=float(file.read_text()))
    except (OSError, ValueError):  # not there, or being written at this moment
        return timedelta()


class ShiftedDatetime(datetime):
    """`datetime` whose `now` is wrong."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        """The moment, as the shifted clock has it."""
        return super().now(tz) + wrong_by(Path(os.environ[CLOCK_VARIABLE]))


if __name__ == "__main__":
    clock.datetime = ShiftedDatetime  # type: ignore[attr-defined]
    sys.exit(main())
