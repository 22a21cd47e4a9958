"""When a line answers: its hours as the data file writes them, and whether that is now."""

from __future__ import annotations

import datetime as dt
import re
from enum import IntEnum

ALL_DAY = "24h"
AT_LEAST_18 = "at-least-18h"
UNCONFIRMED = "unconfirmed"

_CLOCK = r"(?:[01]\d|2[0-4]):[0-5]\d"
_RANGE = re.compile(rf"({_CLOCK})-({_CLOCK})")
_HOURS = re.compile(rf"(?:Mon-Fri )?{_CLOCK}-{_CLOCK}(?:, {_CLOCK}-{_CLOCK})*")
WEEKDAYS = "Mon-Fri "

_BY_DAY = (dt.time(8), dt.time(22))
"""When a line that is open for 18 hours of a day is taken to be open. Only the order of the lines
depends on it; what is shown says "at least 18 hours"."""


class Openness(IntEnum):
    """Whether a line answers at a moment, as far as its source tells; more is better."""

    CLOSED = 0
    UNSURE = 1
    OPEN = 2


def is_known_form(hours: str) -> bool:
    """Whether hours are written in one of the forms that the data file allows."""
    return hours in (ALL_DAY, AT_LEAST_18, UNCONFIRMED) or _HOURS.fullmatch(hours) is not None


def openness(hours: str, at: dt.datetime | None) -> Openness:
    """Whether a line with these hours is open at a moment, in the time of its place.

    None: the time there is not known, and only a line of all hours is surely open.
    """
    if hours == ALL_DAY:
        return Openness.OPEN
    if hours == UNCONFIRMED or at is None:
        return Openness.UNSURE
    if hours == AT_LEAST_18:
        begin, end = _BY_DAY
        return Openness.OPEN if begin <= at.time() < end else Openness.UNSURE
    if hours.startswith(WEEKDAYS) and at.weekday() >= 5:
        return Openness.CLOSED
    minute = at.hour * 60 + at.minute
    ranges = [(_minutes(begin), _minutes(end)) for begin, end in _RANGE.findall(hours)]
    is_open = any(begin <= minute < end for begin, end in ranges)
    return Openness.OPEN if is_open else Openness.CLOSED


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)
