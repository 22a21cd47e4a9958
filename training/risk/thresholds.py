"""Chooses the scores from which a level is reached, on judgements out of fold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bot.safety import RiskLevel
from bot.safety.evidence import Evidence
from bot.safety.facts import LEVELS
from training.risk.data import ASSUMED as ASSUMED_HARMLESS
from training.risk.data import ORDINARY, OWN_TALKS, THRESHOLDS, VALID

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from training.risk.stack import Rows

Thresholds = dict[str, dict[str, float]]
WRITERS, ASSUMED = "writers", "assumed"
HARMLESS_TALK = "harmless"

# Alarms on harmless rows, at most: of PsySUICIDE, of the writers' lines, of ordinary turns and
# lines. The shares of a level count those of the higher ones.
# `THRESHOLDS` is the writer on whom nothing was learnt.
LINES: Mapping[str, Mapping[str, float]] = {
    "concern": {VALID: 0.09, WRITERS: 0.05, THRESHOLDS: 0.05, ASSUMED: 0.015},
    "high": {VALID: 0.05, WRITERS: 0.04, THRESHOLDS: 0.032, ASSUMED: 0.006},
    "imminent": {VALID: 0.012, WRITERS: 0.02, THRESHOLDS: 0.02, ASSUMED: 0.0015},
}
PLAIN: Mapping[str, float] = {"concern": 0.008, "high": 0.004, "imminent": 0.001}
"""Ordinary turns and lines raised without a grave kind of word in them."""
TALKS: Mapping[str, Mapping[str, float]] = {
    "concern": {WRITERS: 0.06, ASSUMED: 0.02},
    "high": {WRITERS: 0.04, ASSUMED: 0.008},
    "imminent": {WRITERS: 0.02, ASSUMED: 0.002},
}
HINTED = 0.58
"""Harmless lines with a faint hint that are raised, at most: nearly half of them are spared, and
one in thirty of those that are a concern."""
IMMINENT_BELOW = 0.16
"""Lines that are high and told as imminent, at most."""
IMMINENT_IN_DANGER: Mapping[str, float] = {"danger": 0.1, "answer": 0.75}
"""Turns of a person at high that are no worse and told as imminent, at most: to be asked once more
costs little there, least of all where the bot has just asked where, when or with what."""


def choose_thresholds(rows: Rows, odds: NDArray[np.float64]) -> Thresholds:
    """The lowest scores for each level that keep every kind of false alarm within its share.

    For a message by itself with a grave kind of word and without, one in a talk, and one of a
    person who is at high.
    """
    ruled = np.array([int(turn.facts.floor) for turn in rows.turns])
    place = np.array([turn.place(turn.standing) for turn in rows.turns])
    speaks = np.array([turn.facts.evidence is not Evidence.SETTING for turn in rows.turns])
    harmless = rows.highest == RiskLevel.NONE
    is_writer = np.char.startswith(rows.source, "w")
    by_itself = np.array([not turn.earlier for turn in rows.turns])
    groups = {
        VALID: rows.source == VALID,
        WRITERS: is_writer & by_itself & ~rows.is_talk & (rows.source != THRESHOLDS),
        THRESHOLDS: (rows.source == THRESHOLDS) & by_itself & ~rows.is_talk,
        ASSUMED: np.isin(rows.source, ASSUMED_HARMLESS) & by_itself,
    }
    talks = {
        WRITERS: is_writer & (rows.talk == HARMLESS_TALK),
        ASSUMED: np.isin(rows.source, (ORDINARY, OWN_TALKS)) & ~by_itself,
    }
    high = groups[WRITERS] & (rows.highest == RiskLevel.HIGH)
    hinted = np.array([turn.facts.is_hinted for turn in rows.turns])
    weighed = hinted & harmless & is_writer & ~rows.is_talk
    chosen: Thresholds = {"plain": {}, "line": {}, "talk": {}, "danger": {}, "hinted": {}}
    if weighed.any():
        chosen["hinted"]["concern"] = _lowest(odds[weighed, 0], int(HINTED * weighed.sum()))
    alarmed = ruled >= RiskLevel.IMMINENT
    for name in reversed(LEVELS):
        level = RiskLevel[name.upper()]
        scores = odds[:, level - 1]
        alarmed |= ruled >= level
        if name in chosen["hinted"]:
            alarmed |= hinted & (scores >= chosen["hinted"][name])
        is_alone = speaks & np.isin(place, ("line", "plain"))
        wanted = [
            _within(scores, alarmed, group & harmless, is_alone, LINES[name][source])
            for source, group in groups.items()
            if (group & harmless).any()
        ]
        if level is RiskLevel.IMMINENT:
            wanted.append(_within(scores, alarmed, high, is_alone, IMMINENT_BELOW))
        chosen["line"][name] = max(wanted)
        plain = groups[ASSUMED] & (place == "plain")
        surer = _within(scores, alarmed, plain, is_alone, PLAIN[name]) if plain.any() else 0.0
        chosen["plain"][name] = max(chosen["line"][name], surer)
        in_talk = [
            _within(scores, alarmed, group & harmless, place == "talk", TALKS[name][source])
            for source, group in talks.items()
            if (group & harmless).any()
        ]
        chosen["talk"][name] = min(chosen["line"][name], max(in_talk, default=0.0))
        for where in ("line", "plain", "talk"):
            alarmed |= speaks & (place == where) & (scores >= chosen[where][name])
    for where, share in IMMINENT_IN_DANGER.items():
        chosen[where] = dict(chosen["talk"])
        no_worse = (rows.lowest < RiskLevel.IMMINENT) & (place == where)
        if no_worse.any():
            at = _lowest(odds[no_worse, 2], int(share * no_worse.sum()))
            chosen[where]["imminent"] = min(at, chosen["talk"]["imminent"])
    return chosen


def _within(
    scores: NDArray[np.float64],
    alarmed: NDArray[np.bool_],
    group: NDArray[np.bool_],
    can_be_raised: NDArray[np.bool_],
    share: float,
) -> float:
    """The lowest score at which at most a share of a group is alarmed, with what is already."""
    count = int(share * group.sum()) - int(alarmed[group].sum())
    return _lowest(scores[group & can_be_raised & ~alarmed], count)


def _lowest(odds: NDArray[np.float64], count: int) -> float:
    """The lowest score that at most `count` reach."""
    if not len(odds):
        return 0.0
    ordered = np.sort(odds)[::-1]
    return float(ordered[min(max(0, count), len(ordered) - 1)]) + 1e-3
