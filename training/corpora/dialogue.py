"""The value types every corpus reader yields."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Role(StrEnum):
    """Who speaks; the values are SmileChat's own."""

    CLIENT = "client"
    COUNSELOR = "counselor"


@dataclass(frozen=True, slots=True)
class Turn:
    """One utterance."""

    role: Role
    text: str
    strategies: tuple[str, ...] = ()
    """Names of the support strategies in the text, in its order, where a corpus labels them."""


@dataclass(frozen=True, slots=True)
class Dialogue:
    """One conversation; `source` and `id` together name it among all corpora."""

    source: str
    id: str
    turns: tuple[Turn, ...]
    rejected: tuple[str, ...] = ()
    """Answers that a person found worse than the last turn."""
    last_only: bool = False
    """Whether the last turn alone is an example; the answers before it were not rated."""
    layout: str = ""
    """How it was written down, where a corpus has several ways."""

    @property
    def opening(self) -> str:
        """The first thing the client says; empty when the client never speaks."""
        return next((turn.text for turn in self.turns if turn.role is Role.CLIENT), "")

    @property
    def trained_on(self) -> tuple[Turn, ...]:
        """The answers that are examples, with what they answer; of strict pairs."""
        return self.turns[-2:] if self.last_only else self.turns


def tidy(dialogue: Dialogue) -> Dialogue | None:
    """The dialogue as strict client/counselor pairs, or None when no pair is left.

    Empty utterances go, neighbours of one role are joined by a line break, and whatever stands
    before the first client turn or after the last counselor turn is cut.
    """
    turns = list(_merged(turn for turn in dialogue.turns if turn.text.strip()))
    while turns and turns[0].role is not Role.CLIENT:
        turns.pop(0)
    while turns and turns[-1].role is not Role.COUNSELOR:
        turns.pop()
    return replace(dialogue, turns=tuple(turns)) if turns else None


def _merged(turns: Iterable[Turn]) -> Iterator[Turn]:
    pending: Turn | None = None
    for turn in turns:
        text = turn.text.strip()
        if pending is not None and pending.role is turn.role:
            both = pending.strategies + turn.strategies
            pending = Turn(turn.role, f"{pending.text}\n{text}", both)
            continue
        if pending is not None:
            yield pending
        pending = Turn(turn.role, text, turn.strategies)
    if pending is not None:
        yield pending
