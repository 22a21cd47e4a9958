"""How serious a message is, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class RiskLevel(IntEnum):
    """Risk to the person's own life, ordered: a higher level includes the care of the lower."""

    NONE = 0
    CONCERN = 1
    HIGH = 2
    IMMINENT = 3

    @property
    def label(self) -> str:
        """The name used in files and counters: none, concern, high or imminent."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Assessment:
    """A level and the names of the rules that led to it, most serious first; never chat text."""

    level: RiskLevel
    reasons: tuple[str, ...] = ()
