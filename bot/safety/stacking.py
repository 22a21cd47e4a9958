"""One judgement of what both readers score: the first, of words, and the encoder, of meaning.

They err on different lines. For each level a weighed sum of the first reader's log-odds and the
encoder's says how sure they are together, where the higher of two levels would add up their false
alarms. Fitted by `python -m training risk-stack` on a writer from whom neither has learnt.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Protocol

from bot.safety.detector import BOTH, CERTAIN, first_reader
from bot.safety.encoder.inputs import MESSAGES_BEFORE
from bot.safety.evidence import Evidence
from bot.safety.facts import LEVELS
from bot.safety.levels import Assessment, Axis, RiskLevel, Who
from bot.safety.recent import Recent, hashed
from bot.safety.replies import BARE, kind_of_reply
from bot.safety.rules import AXES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.safety.encoder import EncoderReading
    from bot.safety.facts import TalkTurn
    from bot.safety.utterance import Utterance

STACK_FILE = "stack.json"
_READINGS_KEPT = 4_000
_MEANT = -0.5  # the sum of a concern, from which open words of the writer are high
_LEAST = 1e-5  # a probability nearer to 0 or 1 says no more


class EncoderModel(Protocol):
    """`bot.safety.encoder.Encoder`, or another of its kind."""

    def read(self, talk: Sequence[tuple[str, bool]]) -> EncoderReading:
        """Read the last message of a talk; blocks for some 20 ms."""
        ...


@dataclass(frozen=True, slots=True)
class WeighedScores:
    """How the scores of one level are added up, and the sum from which it is reached.

    A person who is at high reaches it `in_danger_at`, words in which a rule sees a concern
    `ruled_at`, where those are lower.
    """

    first: float
    encoder: float
    reached_at: float
    in_danger_at: float = math.inf
    ruled_at: float = math.inf

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
        is_ruled: bool = False,
        most: RiskLevel = RiskLevel.IMMINENT,
    ) -> RiskLevel:
        """The level both together reach.

        `first` is the first reader's log-odds of each level, `encoder` the probabilities of
        concern, high, imminent or more; above `most` they have to be surer.
        """
        reached = RiskLevel.NONE
        for name, probability in zip(LEVELS, encoder, strict=True):
            level, weighed = RiskLevel[name.upper()], self.levels[name]
            at = weighed.reached_at
            if is_in_danger:
                at = min(at, weighed.in_danger_at)
            if is_ruled:
                at = min(at, weighed.ruled_at)
            if level > most and not is_in_danger:
                at += CERTAIN
            if weighed.total(first[name], probability) >= at:
                reached = level
        return reached

    def means_it(self, first: Mapping[str, float], encoder: Sequence[float]) -> bool:
        """Whether open words of the writer are meant, by what both make of a concern."""
        return self.levels[LEVELS[0]].total(first[LEVELS[0]], encoder[0]) >= _MEANT


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
    """Reads a talk by rules and by what both readers have learnt; blocks for some 30 ms.

    Rules are a floor, as they are for the first reader by itself. Threads may share it.
    """

    def __init__(self, encoder: EncoderModel, stacks: Stacks | None = None) -> None:
        self._encoder = encoder
        self._stacks = stacks or packaged_stacks()
        self._readings: Recent[EncoderReading] = Recent(_READINGS_KEPT)

    def read(self, said: Sequence[Utterance], standing: RiskLevel = RiskLevel.NONE) -> Assessment:
        """How serious the last message is of a person at `standing`; see `assess`."""
        while said and said[-1].by_bot:
            said = said[:-1]
        if not said:
            return Assessment(RiskLevel.NONE)
        first, stack = first_reader(), self._stacks.of(said)

        def judge(turn: TalkTurn, standing: RiskLevel) -> RiskLevel:
            facts, is_in_danger = turn.facts, standing >= RiskLevel.HIGH
            if not is_in_danger and _says_nothing(turn):
                return RiskLevel.NONE
            odds, at_least = first.odds(turn).in_talk, self._reading(said).at_least
            level = stack.level(
                odds,
                at_least,
                is_in_danger=is_in_danger,
                is_ruled=facts.sees_concern,
                most=facts.most,
            )
            is_meant = facts.is_open and stack.means_it(odds, at_least)
            return max(level, RiskLevel.HIGH) if is_meant else level

        found = first.read(said, standing, judge)
        is_by_rules = BOTH not in found.reasons
        if found.level is RiskLevel.NONE or (found.level is RiskLevel.IMMINENT and is_by_rules):
            return found  # nothing to add; or it is not held up for more
        reading = self._reading(said)
        ruled = frozenset(axis for reason in found.reasons for axis in AXES.get(reason, ()))
        axes = ruled | frozenset(map(Axis, reading.axes)) or found.axes
        who = found.who if reading.who == Who.NOBODY else Who(reading.who)
        return replace(found, axes=axes, who=who)

    def _reading(self, said: Sequence[Utterance]) -> EncoderReading:
        """What the encoder makes of the last message, kept for when it is read again."""
        shown = said[-1 - MESSAGES_BEFORE :]
        key = tuple((hashed(one.text), one.by_bot) for one in shown)
        return self._readings.get(
            key, lambda: self._encoder.read([(one.text, one.by_bot) for one in said])
        )


def _says_nothing(turn: TalkTurn) -> bool:
    """Whether a message is a setting or a bare answer to nothing, or a bare no.

    What those mean, the rules know.
    """
    kind = kind_of_reply(turn.facts.normalized)
    if kind == "no":
        return True
    is_empty = kind in BARE or turn.facts.evidence is Evidence.SETTING
    return is_empty and not turn.asked


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
