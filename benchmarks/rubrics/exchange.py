"""A talk as the person saw it, as values: what they wrote, and every bubble that came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.safety import RiskLevel

SUICIDE, UNKNOWN = "suicide", "unknown"
"""Axes the checks know by name; every other is only a row of the tables."""


@dataclass(frozen=True, slots=True)
class Bubble:
    """A message of the bot's, and the seconds from the person's message until it said this."""

    text: str
    after: float


@dataclass(frozen=True, slots=True)
class Turn:
    """What a person wrote and what they saw before they wrote again.

    `said` is None where the bot spoke by itself (a check-in). `level` is how serious the words are
    by their label; None where there is no label.
    """

    said: str | None
    level: RiskLevel | None
    bubbles: Sequence[Bubble]

    def at_least(self, level: RiskLevel) -> bool:
        """Whether it is labelled so, or higher."""
        return self.level is not None and self.level >= level


@dataclass(frozen=True, slots=True)
class Exchange:
    """A whole talk. `risk` is how serious it is at its worst; None where no label says so."""

    id: str
    axis: str
    risk: RiskLevel | None
    turns: Sequence[Turn]

    def at_least(self, level: RiskLevel) -> bool:
        """Whether the talk is labelled so, or higher, at its worst."""
        return self.risk is not None and self.risk >= level


def transcript(exchange: Exchange) -> str:
    """The talk as a judge reads it."""
    lines = []
    for turn in exchange.turns:
        lines += [] if turn.said is None else [f"User: {turn.said}"]
        lines += [f"Chatbot: {bubble.text}" for bubble in turn.bubbles]
    return "\n\n".join(lines)
