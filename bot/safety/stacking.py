"""One judgement of what both readers score: the first, of words, and the encoder, of meaning.

They err on different lines. For each level a weighed sum of the first reader's log-odds and the
encoder's says how sure they are together, where the higher of two levels would add up their false
alarms. Fitted by `python -m training risk-stack` on a writer from whom neither has learnt.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Protocol

from bot.safety.detector import first_reader
from bot.safety.facts import LEVELS
from bot.safety.levels import Assessment, Axis, RiskLevel, Who

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bot.safety.encoder import EncoderReading
    from bot.safety.utterance import Utterance

STACK_FILE = "stack.json"
BOTH = "both_readers"
"""The reason where the two scores together say a level."""

_LEAST = 1e-5  # a probability nearer to 0 or 1 says no more


class EncoderModel(Protocol):
    """`bot.safety.encoder.Encoder`, or another of its kind."""

    def read(self, talk: Sequence[tuple[str, bool]]) -> EncoderReading:
        """Read the last message of a talk; blocks for some 20 ms."""
        ...


@dataclass(frozen=True, slots=True)
class WeighedScores:
    """How the scores of one level are added up, and the sum from which it is reached.

    A person who is at high reaches it `in_danger_at`, where that is lower.
    """

    first: float
    encoder: float
    reached_at: float
    in_danger_at: float = math.inf

    def total(self, first: float, encoder: float) -> float:
        """The sum, of the first reader's log-odds and the encoder's probability."""
        return self.first * first + self.encoder * log_odds(encoder)


@dataclass(frozen=True, slots=True)
class Stack:
    """The weighed scores of each level in `LEVELS`."""

    levels: Mapping[str, WeighedScores]

    def level(
        self,
        first: Mapping[str, float],
        encoder: Sequence[float],
        *,
        is_in_danger: bool = False,
    ) -> RiskLevel:
        """The level both together reach.

        `first` is the first reader's log-odds of each level, `encoder` the probabilities of
        concern, high, imminent or more.
        """
        reached = RiskLevel.NONE
        for name, probability in zip(LEVELS, encoder, strict=True):
            weighed = self.levels[name]
            at = weighed.reached_at
            if is_in_danger:
                at = min(at, weighed.in_danger_at)
            if weighed.total(first[name], probability) >= at:
                reached = RiskLevel[name.upper()]
        return reached


@dataclass(frozen=True, slots=True)
class Stacks:
    """A stack for each place: what comes before a message tells the encoder much."""

    line: Stack
    """A message by itself."""
    talk: Stack
    """A message with others before it."""

    def of(self, said: Sequence[Utterance]) -> Stack:
        """The stack for the last message of a talk."""
        return self.talk if len(said) > 1 else self.line


class StackedReader:
    """Reads a talk with the first reader and the encoder; blocks for some 30 ms."""

    def __init__(self, encoder: EncoderModel, stacks: Stacks | None = None) -> None:
        self._encoder = encoder
        self._stacks = stacks or packaged_stacks()

    def read(self, said: Sequence[Utterance], standing: RiskLevel = RiskLevel.NONE) -> Assessment:
        """What both make of the last message of a person at `standing`; rules have no say in it."""
        while said and said[-1].by_bot:
            said = said[:-1]
        if not said:
            return Assessment(RiskLevel.NONE)
        first = first_reader()
        reading = self._encoder.read([(one.text, one.by_bot) for one in said])
        level = self._stacks.of(said).level(
            first.scores(said, standing),
            reading.at_least,
            is_in_danger=first.is_in_danger(said, standing),
        )
        if level is RiskLevel.NONE:
            return Assessment(level)
        axes, who = first.opinion(said)
        if reading.axes:
            axes = frozenset(map(Axis, reading.axes))
        if reading.who != Who.NOBODY:
            who = Who(reading.who)
        return Assessment(level, (BOTH,), axes, who)


@lru_cache(maxsize=1)
def packaged_stacks() -> Stacks:
    """The stacks in the package."""
    return read_stacks(resources.files("bot.safety").joinpath(STACK_FILE).read_text("utf-8"))


def read_stacks(source: str) -> Stacks:
    """The stacks as training writes them."""
    places = {
        place: Stack({name: WeighedScores(**levels[name]) for name in LEVELS})
        for place, levels in json.loads(source).items()
    }
    return Stacks(line=places["line"], talk=places["talk"])


def log_odds(probability: float) -> float:
    """The logarithm of how much likelier it is than not, from about -11 to 11."""
    kept = min(1 - _LEAST, max(_LEAST, probability))
    return math.log(kept / (1 - kept))


def both_readers(encoder: EncoderModel) -> Callable[[Sequence[Utterance], RiskLevel], Assessment]:
    """A reading of the first reader, raised where both together say more."""
    stacked = StackedReader(encoder)

    def read(said: Sequence[Utterance], standing: RiskLevel = RiskLevel.NONE) -> Assessment:
        found = first_reader().read(said, standing)
        if found.level is RiskLevel.IMMINENT:
            return found
        return max(found, stacked.read(said, standing), key=lambda one: one.level)

    return read
