"""Weigh the scores of both readers, as they are in the package: `bot/safety/stack.json`.

On the writer from whom neither reader has learnt, and ordinary turns. To be run again whenever one
of the readers was trained anew.
"""

from __future__ import annotations

import json
import math
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from sklearn.linear_model import LogisticRegression

from bot.safety import SAID_BEFORE, RiskLevel, first_reader
from bot.safety.encoder import load_encoder
from bot.safety.facts import LEVELS
from bot.safety.stacking import WeighedScores, log_odds
from training.risk.command import WRITERS
from training.risk.data import THRESHOLDS, read_danger
from training.risk.ordinary import client_turns, held_talks, held_turns

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from bot.safety.facts import TalkTurn
    from training.risk.data import Example

OUT = Path("bot/safety/stack.json")
FOLDS = 5
ORDINARY_SHARE = 0.3
"""How much an ordinary turn counts beside a line of the writer."""

# Alarms of both readers together, at most: on the writer's harmless messages, and ordinary ones.
ALARMS = {
    "line": {"concern": (0.07, 0.03), "high": (0.04, 0.012), "imminent": (0.02, 0.002)},
    "talk": {"concern": (0.08, 0.03), "high": (0.05, 0.014), "imminent": (0.03, 0.002)},
}
IMMINENT_IN_DANGER = 0.3
"""Turns of a person at high that are no worse and told as imminent, at most: a question more costs
little where somebody is in danger already, and what is not heard there costs most."""
RULED_AT = -2.6
"""The sum from which words in which a rule sees a concern are one. Of such lines by five writers
from whom the readers had not learnt all but a few of those in danger reach it, and half of the
harmless."""
IMMINENT_BELOW = 0.2
"""Lines that are high and told as imminent, at most."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("smile", type=Path, help="SmileChat (CC0)")
    parser.add_argument("--ordinary", type=int, default=3_000, help="how many turns of it")
    parser.add_argument("--out", type=Path, default=OUT, help="the file to write")


@dataclass(frozen=True, slots=True)
class Scored:
    """Examples with what each reader scores: a column a level."""

    examples: Sequence[Example]
    first: NDArray[np.float64]
    encoder: NDArray[np.float64]
    alone: NDArray[np.int_]
    """The level that the first reader gives by itself."""
    ruled: NDArray[np.int_]
    """The level of the rules, below which both together say nothing."""
    hinted: NDArray[np.bool_]
    """Whether a rule sees a concern or more, and not by open words alone."""
    in_danger: NDArray[np.bool_]
    """Whether the person is at high by then."""

    @property
    def wanted(self) -> NDArray[np.int_]:
        """The level that each should have."""
        return np.array([int(one.lowest) for one in self.examples])

    @property
    def is_writers(self) -> NDArray[np.bool_]:
        """Which are the writer's, and no ordinary turns."""
        return np.array([one.source == THRESHOLDS for one in self.examples])


def run(options: argparse.Namespace) -> None:
    """Fit, choose from where levels are reached, print figures out of fold, write."""
    examples = [
        *read_danger(WRITERS / f"{THRESHOLDS}.jsonl"),
        *held_turns(client_turns(options.smile), options.ordinary),
        *held_talks(options.smile, options.ordinary // 2),
    ]
    stacks = {}
    for place in ALARMS:
        there = [one for one in examples if (len(one.said) > 1) is (place == "talk")]
        stacks[place] = _fitted(score(there), place)
    text = json.dumps(stacks, indent=1)
    options.out.write_text(f"{text}\n", "utf-8")
    sys.stdout.write(f"{text}\n")


def _fitted(scored: Scored, place: str) -> dict[str, dict[str, float]]:
    """The weighed scores of each level in one place; figures out of fold are printed."""
    folds = _folds(scored)
    totals = np.zeros(scored.first.shape)
    every = np.ones(len(scored.examples), dtype=bool)
    stack: dict[str, WeighedScores] = {}
    for level, name in enumerate(LEVELS):
        for fold in range(FOLDS):
            some = folds == fold
            first, encoder = fit(scored, level, ~some)
            totals[some, level] = (
                first * scored.first[some, level] + encoder * scored.encoder[some, level]
            )
        first, encoder = fit(scored, level, every)
        stack[name] = WeighedScores(round(first, 4), round(encoder, 4), 0.0)
    reached = choose(scored, totals, ALARMS[place])
    stack = {
        name: replace(weighed, reached_at=round(reached[name], 4))
        for name, weighed in stack.items()
    }
    sooner = _in_danger(scored, totals[:, -1])
    stack["concern"] = replace(stack["concern"], ruled_at=RULED_AT)
    stack["imminent"] = replace(stack["imminent"], in_danger_at=round(sooner, 4))
    _print_figures(place, scored, _joint(scored, totals, reached, sooner))
    return {name: _finite(asdict(weighed)) for name, weighed in stack.items()}


def _folds(scored: Scored) -> NDArray[np.int_]:
    """A fold of each example: the writer's by their kind, ordinary turns dealt out."""
    kinds = sorted({one.kind for one in scored.examples})
    chance = np.random.default_rng(1)
    of_kind = dict(zip(kinds, chance.integers(FOLDS, size=len(kinds)), strict=True))
    dealt = chance.integers(FOLDS, size=len(scored.examples))
    own = np.array([of_kind[one.kind] for one in scored.examples])
    return np.where(scored.is_writers, own, dealt)


def _finite(numbers: dict[str, float]) -> dict[str, float]:
    return {name: number for name, number in numbers.items() if math.isfinite(number)}


def score(examples: Sequence[Example]) -> Scored:
    """What both readers in the package score. Raises RuntimeError without the encoder."""
    encoder = load_encoder()
    if encoder is None:
        raise RuntimeError("there is no encoder in the package")
    reader = first_reader()
    first, second, alone, ruled, hinted, in_danger = [], [], [], [], [], []
    for one in examples:
        standing = RiskLevel.HIGH if one.before >= RiskLevel.HIGH else RiskLevel.NONE
        odds = reader.scores(one.said, standing)
        first.append([odds[name] for name in LEVELS])
        reading = encoder.read([(each.text, each.by_bot) for each in one.said])
        second.append([log_odds(probability) for probability in reading.at_least])
        alone.append(int(reader.read(one.said, standing).level))
        by_rules = reader.read(one.said, standing, _says_none)
        # What was said before keeps a message at a concern: that is no alarm of its own.
        ruled.append(0 if by_rules.reasons == (SAID_BEFORE,) else int(by_rules.level))
        hinted.append(reader.facts_of(one.said[-1].text).sees_concern)
        in_danger.append(reader.is_in_danger(one.said, standing))
    return Scored(examples, *map(np.array, (first, second, alone, ruled, hinted, in_danger)))


def _says_none(_turn: TalkTurn, _standing: RiskLevel) -> RiskLevel:
    return RiskLevel.NONE


def fit(scored: Scored, level: int, some: NDArray[np.bool_]) -> tuple[float, float]:
    """The weights of both scores for one level; none is below zero, and they add up to one."""
    answers = scored.wanted > level
    # An ordinary turn that the first reader raises may well be none: nobody labelled it.
    ordinary = np.where(scored.alone > 0, 0.0, ORDINARY_SHARE)
    shares = np.where(scored.is_writers, 1.0, ordinary)
    columns = np.stack([scored.first[:, level], scored.encoder[:, level]], axis=1)
    model = LogisticRegression(class_weight="balanced")
    model.fit(columns[some], answers[some], sample_weight=shares[some])
    first, encoder = np.maximum(model.coef_[0], 0.0)
    return float(first / (first + encoder)), float(encoder / (first + encoder))


def choose(
    scored: Scored, totals: NDArray[np.float64], alarms: Mapping[str, tuple[float, float]]
) -> dict[str, float]:
    """The lowest sums that keep the alarms of both readers together within their shares."""
    harmless = scored.wanted == RiskLevel.NONE
    is_writers = scored.is_writers
    alarmed = np.zeros(len(totals), dtype=bool)
    reached: dict[str, float] = {}
    for name in reversed(LEVELS):
        level = RiskLevel[name.upper()]
        sums = totals[:, level - 1]
        alarmed |= scored.ruled >= level
        if level is RiskLevel.CONCERN:
            alarmed |= scored.hinted & (sums >= RULED_AT)
        groups = [
            (group & harmless, share)
            for group, share in zip((is_writers, ~is_writers), alarms[name], strict=True)
        ]
        if level is RiskLevel.IMMINENT:
            groups.append((is_writers & (scored.wanted == RiskLevel.HIGH), IMMINENT_BELOW))
        reached[name] = max(
            _lowest(sums[group & ~alarmed], int(share * group.sum()) - int(alarmed[group].sum()))
            for group, share in groups
        )
        alarmed |= sums >= reached[name]
    return reached


def _lowest(sums: NDArray[np.float64], count: int) -> float:
    """The lowest sum that at most `count` reach."""
    if not len(sums):
        return math.inf
    ordered = np.sort(sums)[::-1]
    return float(ordered[min(max(0, count), len(ordered) - 1)]) + 1e-3


def _in_danger(scored: Scored, sums: NDArray[np.float64]) -> float:
    """The lowest sum that tells imminent in danger, and few turns of those that are no worse."""
    no_worse = scored.in_danger & (scored.wanted < RiskLevel.IMMINENT)
    silent = no_worse & (scored.ruled < RiskLevel.IMMINENT)
    share = int(IMMINENT_IN_DANGER * no_worse.sum())
    return _lowest(sums[silent], share - int((no_worse & ~silent).sum()))


def _joint(
    scored: Scored, totals: NDArray[np.float64], reached: dict[str, float], sooner: float
) -> NDArray[np.int_]:
    """The levels of both readers together."""
    is_hint = scored.hinted & (totals[:, 0] >= RULED_AT)
    joint = np.maximum(scored.ruled, np.where(is_hint, RiskLevel.CONCERN, RiskLevel.NONE))
    for level, name in enumerate(LEVELS, start=1):
        joint = np.maximum(joint, np.where(totals[:, level - 1] >= reached[name], level, 0))
    return np.where(scored.in_danger & (totals[:, -1] >= sooner), RiskLevel.IMMINENT, joint)


def _print_figures(place: str, scored: Scored, joint: NDArray[np.int_]) -> None:
    wanted, own = scored.wanted, scored.is_writers
    no_worse = own & scored.in_danger & (wanted < RiskLevel.IMMINENT)
    for title, levels in (("first reader alone", scored.alone), ("both readers", joint)):
        sys.stdout.write(f"--- {place}: {title}, on {THRESHOLDS}, out of fold\n")
        for name, some, at in (
            ("high or above", own & (wanted >= RiskLevel.HIGH), RiskLevel.HIGH),
            ("imminent", own & (wanted == RiskLevel.IMMINENT), RiskLevel.IMMINENT),
            ("concern", own & (wanted == RiskLevel.CONCERN), RiskLevel.CONCERN),
            ("harmless, raised", own & (wanted == RiskLevel.NONE), RiskLevel.CONCERN),
            ("harmless, a card", own & (wanted == RiskLevel.NONE), RiskLevel.HIGH),
            ("in danger, no worse, told as imminent", no_worse, RiskLevel.IMMINENT),
            ("ordinary, raised", ~own, RiskLevel.CONCERN),
            ("ordinary, a card", ~own, RiskLevel.HIGH),
        ):
            told = int(np.sum(levels[some] >= at))
            sys.stdout.write(f"{name}: {told}/{some.sum()} = {told / max(1, some.sum()):.1%}\n")
