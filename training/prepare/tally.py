"""Counts for the data card; their size does not grow with the corpus."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from training.prepare.outcome import DialogueSize, Outcome

EXAMPLES = 3  # ids named for each step


@dataclass(slots=True)
class Amount:
    """How much text there is, and how it is spread."""

    dialogues: int = 0
    turns: int = 0
    pairs: int = 0
    characters: int = 0
    sampled: int = 0
    tokens: int = 0
    pairs_of: Counter[int] = field(default_factory=Counter)
    characters_of: Counter[int] = field(default_factory=Counter)
    answers: Counter[int] = field(default_factory=Counter)

    def add(self, size: DialogueSize) -> None:
        """Count a dialogue."""
        self.dialogues += 1
        self.turns += size.turns
        self.pairs += size.pairs
        self.characters += size.characters
        self.sampled += size.sampled
        self.tokens += size.tokens
        self.pairs_of[size.pairs] += 1
        self.characters_of[size.characters] += 1
        self.answers.update(size.answers)

    @property
    def estimated_tokens(self) -> int | None:
        """Characters by the tokens a character has in the sample; None without a sample."""
        return round(self.characters * self.tokens / self.sampled) if self.sampled else None


@dataclass(slots=True)
class Step:
    """How often something was done, and the ids of the first dialogues it was done to."""

    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Count a dialogue."""
        self.count += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(f"{outcome.source}/{outcome.id}")


@dataclass(slots=True)
class CorpusTally:
    """Everything the data card tells of one corpus, or of all of them."""

    raw: Amount = field(default_factory=Amount)
    oddities: Counter[str] = field(default_factory=Counter)
    layouts: Counter[str] = field(default_factory=Counter)
    records: int = 0
    unreadable: int = 0
    distinct_dialogues: int = 0
    distinct_openings: int = 0
    opening_groups: int = 0
    """Openings that differ in their first eight letters."""
    edits: dict[str, Step] = field(default_factory=dict)
    left_out: dict[str, Step] = field(default_factory=dict)
    splits: dict[str, Amount] = field(default_factory=dict)
    topics: Counter[str] = field(default_factory=Counter)
    strategies: Counter[str] = field(default_factory=Counter)
    preferences: int = 0

    def add(self, outcome: Outcome) -> None:
        """Count a dialogue and what became of it."""
        self.raw.add(outcome.raw)
        self.oddities.update(outcome.oddities)
        if outcome.layout:
            self.layouts[outcome.layout] += 1
        for edit in outcome.edits:
            self.edits.setdefault(edit, Step()).add(outcome)
        if outcome.left_out is not None:
            self.left_out.setdefault(outcome.left_out, Step()).add(outcome)
            return
        self.splits.setdefault(outcome.split, Amount()).add(outcome.size)
        self.topics[outcome.topic] += 1
        self.strategies.update(outcome.strategies)
        self.preferences += len(outcome.preferences)


def percentile(counts: Counter[int], share: float) -> int:
    """The value below or at which `share` of the counted things lie; 0 of nothing."""
    wanted = share * counts.total()
    seen = 0
    for value in sorted(counts):
        seen += counts[value]
        if seen >= wanted:
            return value
    return 0
