"""How serious a message is, why, whom it is about and in which way."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class RiskLevel(IntEnum):
    """How serious it is, whatever the danger: a higher level includes the care of the lower."""

    NONE = 0
    CONCERN = 1
    HIGH = 2
    IMMINENT = 3

    @property
    def label(self) -> str:
        """The name used in files and counters: none, concern, high or imminent."""
        return self.name.lower()


class Axis(StrEnum):
    """A kind of danger; several may hold at once."""

    SUICIDE = "suicide"
    """A wish to die or to hurt oneself."""
    BODY = "body"
    """The body is in danger now: swallowed, bleeding, gas, needed medicine stopped."""
    HARM = "harm"
    """Harmed by others."""
    SEXUAL = "sexual"
    CHILD = "child"
    """The one who is harmed is a minor."""
    THREAT = "threat"
    """Would harm others."""
    VOICES = "voices"
    """Hears voices, feels controlled or watched."""
    EATING = "eating"
    PROPERTY = "property"
    """Money lost to fraud, gambling, debts."""


class Who(StrEnum):
    """Who is in danger."""

    SELF = "self"
    OTHER = "other"
    UNCLEAR = "unclear"
    """Told of another, and perhaps of the writer."""
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Assessment:
    """A level and the names of what led to it, most serious first; never chat text.

    `axes` and `who` are an opinion beside the level, empty and nobody at level none.
    """

    level: RiskLevel
    reasons: tuple[str, ...] = ()
    axes: frozenset[Axis] = frozenset()
    who: Who = Who.NOBODY
