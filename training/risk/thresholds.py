"""Chooses the scores from which a level is reached, on judgements out of fold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bot.safety import RiskLevel
from bot.safety.facts import LEVELS
from training.risk.data import ORDINARY, VALID

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from training.risk.stack import Rows

Thresholds = dict[str, dict[str, float]]

# Alarms on harmless rows, at most: of PsySUICIDE, of the writers' lines, of turns of SmileChat. In
# talks: on turns of harmless ones. The shares of a level count those of the higher ones.
LINES: Mapping[str, Mapping[str, float]] = {
    "concern": {VALID: 0.09, "lines": 0.05, ORDINARY: 0.06},
    "high": {VALID: 0.04, "lines": 0.04, ORDINARY: 0.012},
    "imminent": {VALID: 0.01, "lines": 0.02, ORDINARY: 0.002},
}
TALKS: Mapping[str, float] = {"concern": 0.06, "high": 0.04, "imminent": 0.02}
IMMINENT_BELOW = 0.12
"""Lines that are high and told as imminent, at most."""
IMMINENT_IN_DANGER = 0.2
"""Turns of a person at high that are no worse and told as imminent, at most: to be asked once more
costs little there."""


def choose_thresholds(rows: Rows, odds: NDArray[np.float64]) -> Thresholds:
    """The lowest scores for each level that keep every kind of false alarm within its share.

    For a message by itself, one in a talk, and one of a person who is at high.
    """
    ruled = np.array([int(turn.facts.floor) for turn in rows.turns])
    is_at_high = np.array([turn.standing >= RiskLevel.HIGH for turn in rows.turns])
    has_earlier = np.array([bool(turn.earlier) for turn in rows.turns])
    is_line = np.char.startswith(rows.source, "w") & ~rows.is_talk
    harmless = rows.highest == RiskLevel.NONE
    groups = {
        VALID: (rows.source == VALID) & harmless,
        "lines": is_line & harmless,
        ORDINARY: rows.source == ORDINARY,
    }
    high = is_line & (rows.highest == RiskLevel.HIGH)
    calm = has_earlier & ~is_at_high & harmless
    chosen: Thresholds = {"line": {}, "talk": {}, "danger": {}}
    alarmed = {"line": ruled >= RiskLevel.IMMINENT, "talk": ruled >= RiskLevel.IMMINENT}
    for name in reversed(LEVELS):
        level = RiskLevel[name.upper()]
        scores = odds[:, level - 1]
        for where in alarmed:
            alarmed[where] |= ruled >= level
        wanted = [
            _lowest(scores[group], alarmed["line"][group], LINES[name][source])
            for source, group in groups.items()
            if group.any()
        ]
        if level is RiskLevel.IMMINENT:
            wanted.append(_lowest(scores[high], alarmed["line"][high], IMMINENT_BELOW))
        chosen["line"][name] = max(wanted)
        in_talk = _lowest(scores[calm], alarmed["talk"][calm], TALKS[name])
        chosen["talk"][name] = min(chosen["line"][name], in_talk)
        for where, seen in alarmed.items():
            np.logical_or(seen, scores >= chosen[where][name], out=seen)
    worse = (rows.lowest < RiskLevel.IMMINENT) & is_at_high
    chosen["danger"] = dict(chosen["talk"])
    if worse.any():
        at = _lowest(odds[worse, 2], np.zeros(worse.sum(), dtype=bool), IMMINENT_IN_DANGER)
        chosen["danger"]["imminent"] = min(at, chosen["talk"]["imminent"])
    return chosen


def _lowest(odds: NDArray[np.float64], alarmed: NDArray[np.bool_], share: float) -> float:
    """The lowest score at which at most this share alarms; what alarms already is counted."""
    left = int(share * len(odds)) - int(alarmed.sum())
    free = np.sort(odds[~alarmed])[::-1]
    if left >= len(free):
        return float(free[-1]) if len(free) else 0.0
    return float(free[max(0, left)]) + 1e-3
