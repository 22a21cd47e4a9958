"""Learns the first reader: n-gram models, then trees over their scores out of fold."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from bot.safety import Axis, Who
from bot.safety.facts import (
    LEVELS,
    SCORES,
    TalkTurn,
    joined_views,
    message_facts,
    numbers,
    turns,
)
from training.risk.data import (
    EVERYDAY,
    ORDINARY,
    OWN,
    OWN_TALKS,
    OWN_WORDS,
    THRESHOLDS,
    VALID,
    Example,
)
from training.risk.ngrams import Heads, Pieces
from training.risk.trees import fit_trees, trees_record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from sklearn.ensemble import HistGradientBoostingClassifier

NOT_TRAINED_ON = -1
TREE_GROUPS = 2
"""Trees are fitted without half of the writers at a time: their scores are out of fold."""
RAREST = 3  # texts a piece must be in
RAREST_OPINION = 6
LEAST_WEIGHT = 0.04  # log-odds; a piece that weighs less in every head is left out
SEED = 20261130
RISING = tuple(range(2 * len(SCORES)))
"""The scores of a message and of it with those before: the surer, the more serious."""
FALSE_AXIS = 0.03
"""Lines in danger without an axis for which it is named, at most."""
FALSE_AXES: Mapping[Axis, float] = {Axis.SUICIDE: 0.15, Axis.THREAT: 0.01, Axis.VOICES: 0.01}
"""Threats and voices are answered before all else, suicide where nothing is known better."""
OPINIONS = (*(axis.value for axis in Axis), *(who.value for who in Who if who is not Who.NOBODY))


@dataclass(frozen=True, slots=True)
class Shares:
    """How much a row counts, by where it is from: chosen out of fold."""

    valid_wish: float = 3.0
    """PsySUICIDE in the head for a wish to die, which is what it labels."""
    valid_danger: float = 14.0
    """Its positive rows in the trees: so many that one threshold suits it and the writers."""
    valid_harmless: float = 0.7
    harmless: float = 2.0
    """Lines of writers that share the words of danger and mean none."""
    talks: float = 0.7
    ordinary: float = 0.7
    own_talks: float = 0.5
    everyday: float = 0.4
    """Generated lines: many, of few words."""


class Rows:
    """Examples with their facts and their texts counted once."""

    def __init__(self, examples: Sequence[Example]) -> None:
        self.examples = examples
        facts_of = lru_cache(maxsize=None)(message_facts)
        self.turns: list[TalkTurn] = [
            turns(example.said, facts_of=facts_of)[-1] for example in examples
        ]
        self._views: dict[tuple[str, ...], int] = {}
        self.own = np.array([self._text(turn.facts.views) for turn in self.turns])
        self.joined = np.array([self._text(joined_views(turn)) for turn in self.turns])
        self.earlier = [[self._text(one.views) for one in turn.earlier] for turn in self.turns]
        self.source = np.array([example.source for example in examples])
        self.lowest = np.array([int(example.lowest) for example in examples])
        self.highest = np.array([int(example.highest) for example in examples])
        self.before = np.array([int(example.before) for example in examples])
        self.talk = np.array([example.talk for example in examples])
        self.is_talk = self.talk != ""
        self.texts = list(self._views)

    def _text(self, views: tuple[str, ...]) -> int:
        return self._views.setdefault(views, len(self._views))

    def known(self, level: int) -> NDArray[np.bool_]:
        """Which rows say whether they are of this level: those whose talk said it before do not."""
        answered = (self.lowest >= level) | (self.highest < level)
        return answered & ~((self.lowest >= level) & (self.before >= level))

    def folds(self) -> NDArray[np.int_]:
        """A fold for each row: one for each writer; corpora are dealt out, by kind or one by one.

        `NOT_TRAINED_ON` for the writer on whom thresholds are chosen.
        """
        chance = np.random.default_rng(SEED)
        writers = sorted({source for source in self.source if source[0] == "w"} - {THRESHOLDS})
        folds = {writer: number for number, writer in enumerate(writers)}
        folds[THRESHOLDS] = NOT_TRAINED_ON
        count = len(writers)
        dealt = chance.integers(count, size=len(self.source))
        whole = (OWN_WORDS, OWN_TALKS)
        kinds = sorted({one.kind for one in self.examples if one.source in whole})
        kind_folds = dict(zip(kinds, chance.integers(count, size=len(kinds)), strict=True))
        return np.array(
            [
                kind_folds[one.kind] if one.source in whole else folds.get(one.source, dealt[row])
                for row, one in enumerate(self.examples)
            ]
        )


Among = Callable[["NDArray[np.int_]"], "NDArray[np.bool_]"]
"""Which folds are among some."""
Kept = Callable[[str, Callable[[], Any]], Any]
"""Gives what was made under a name, made now if it was not before."""


def fresh(_name: str, make: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever was made
    """Make it: nothing is kept."""
    return make()


def odds_of(trees: Mapping[str, Any], table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-odds of each level, a column each."""
    if not len(table):
        return np.zeros((0, len(LEVELS)))
    return np.stack([trees[name].decision_function(table) for name in LEVELS], axis=1)


class Stack:
    """Fits on folds and on all."""

    def __init__(self, rows: Rows, shares: Shares | None = None) -> None:
        self.rows = rows
        self._shares = shares or Shares()
        self._pieces = Pieces(rows.texts, RAREST)
        self.folds = rows.folds()
        self.table = np.zeros((0, 0))
        """The numbers of every row, its scores from models that did not see its fold."""
        self.alone = np.zeros((0, 0))
        """The numbers of the message of every row, read by itself."""

    def fit_heads(self, rows: NDArray[np.int_]) -> Heads:
        """The n-gram models for the levels."""
        known = self._pieces.known(self.rows.joined[rows])
        heads = Heads(self._pieces, known)
        share = self._share()
        for level, name in enumerate(LEVELS, start=1):
            some = rows[self.rows.known(level)[rows]]
            heads.fit(name, self.rows.joined[some], self.rows.lowest[some] >= level, share[some])
        some = rows[~self.rows.is_talk[rows]]
        heads.fit(
            "wish",
            self.rows.joined[some],
            np.array([_is_wish(self.rows.examples[row]) for row in some]),
            np.where(self.rows.source == VALID, self._shares.valid_wish, share)[some],
        )
        return heads

    def out_of_fold(self, kept: Kept = fresh) -> Heads:
        """Fill `table` and `alone`; the heads fitted on all that may be learnt."""
        filled: dict[int, tuple[list[float], list[float]]] = {}
        for fold in range(self.folds.max() + 1):
            filled |= kept(f"numbers-{fold}", partial(self._numbers_without, fold))
        heads: Heads = kept("heads", lambda: self.fit_heads(self.trained_on()))
        filled |= self._numbers(heads, np.flatnonzero(self.folds == NOT_TRAINED_ON))
        self.table, self.alone = (
            np.array([filled[row][which] for row in range(len(self.rows.examples))])
            for which in range(2)
        )
        return heads

    def trained_on(self, without: Among | None = None) -> NDArray[np.int_]:
        """The rows that are trained on, without those whose fold is among some."""
        is_in = self.folds != NOT_TRAINED_ON
        if without is not None:
            is_in &= ~without(self.folds)
        return np.flatnonzero(is_in)

    def odds_out_of_fold(
        self, kept: Kept = fresh
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], Mapping[str, Any]]:
        """Log-odds of each level of every row, and of its message alone; trees fitted on all."""
        odds, alone = np.zeros((2, len(self.folds), len(LEVELS)))
        groups = [*range(TREE_GROUPS), NOT_TRAINED_ON]
        trees: Mapping[str, Any] = {}
        for group in groups:
            is_of = self._in_group(group)
            some = is_of(self.folds)
            rows = self.trained_on(None if group == NOT_TRAINED_ON else is_of)
            trees = kept(f"trees-{group}", partial(self.fit_trees, rows))
            odds[some] = odds_of(trees, self.table[some])
            alone[some] = odds_of(trees, self.alone[some])
        return odds, alone, trees

    @staticmethod
    def _in_group(group: int) -> Among:
        if group == NOT_TRAINED_ON:
            return lambda folds: folds == NOT_TRAINED_ON
        return lambda folds: (folds != NOT_TRAINED_ON) & (folds % TREE_GROUPS == group)

    def _numbers_without(self, fold: int) -> dict[int, tuple[list[float], list[float]]]:
        heads = self.fit_heads(self.trained_on(lambda folds: folds == fold))
        return self._numbers(heads, np.flatnonzero(self.folds == fold))

    def fit_trees(self, rows: NDArray[np.int_]) -> dict[str, HistGradientBoostingClassifier]:
        """The trees, on the scores out of fold."""
        share = self._share()
        is_valid, is_danger = self.rows.source == VALID, self.rows.lowest > 0
        share[is_valid] = self._shares.valid_harmless
        share[is_valid & is_danger] = self._shares.valid_danger
        share[(share == 1) & ~is_danger] = self._shares.harmless
        trees = {}
        for level, name in enumerate(LEVELS, start=1):
            some = rows[self.rows.known(level)[rows]]
            answers = self.rows.lowest[some] >= level
            trees[name] = fit_trees(self.table[some], answers, share[some], RISING)
        return trees

    def fit_opinions(self, rows: NDArray[np.int_]) -> Heads:
        """The heads for axes and for who is meant, on the writers' lines that have a level."""
        some = np.array(
            [row for row in rows if self.rows.examples[row].who and self.rows.examples[row].lowest]
        )
        known = self._pieces.known(self.rows.joined[some], RAREST_OPINION)
        heads = Heads(self._pieces, known)
        for name in OPINIONS:
            answers = np.array(
                [
                    name in self.rows.examples[row].axes or name == self.rows.examples[row].who
                    for row in some
                ]
            )
            heads.fit(name, self.rows.joined[some], answers, np.ones(len(some)))
        return heads

    def axes_from(self, opinions: Heads) -> dict[str, float]:
        """The log-odds of each axis that few lines without it reach, of the thresholds' writer."""
        rows = np.array(
            [
                row
                for row in np.flatnonzero(self.folds == NOT_TRAINED_ON).tolist()
                if self.rows.examples[row].who and self.rows.examples[row].lowest
            ]
        )
        scores = dict(zip(OPINIONS, opinions.scores(self.rows.joined[rows]).T, strict=True))
        chosen = {}
        for axis in Axis:
            lacks = np.array([axis.value not in self.rows.examples[row].axes for row in rows])
            share = FALSE_AXES.get(axis, FALSE_AXIS)
            chosen[axis.value] = max(0.0, float(np.quantile(scores[axis.value][lacks], 1 - share)))
        return chosen

    def _numbers(
        self, heads: Heads, rows: NDArray[np.int_]
    ) -> dict[int, tuple[list[float], list[float]]]:
        texts = sorted(
            {
                text
                for row in rows
                for text in (self.rows.own[row], self.rows.joined[row], *self.rows.earlier[row])
            }
        )
        scores = dict(zip(texts, heads.scores(np.array(texts)).tolist(), strict=True))
        filled = {}
        for row in rows.tolist():
            turn, own = self.rows.turns[row], scores[self.rows.own[row]]
            joined = scores[self.rows.joined[row]]
            earlier = [scores[text] for text in self.rows.earlier[row]]
            alone = TalkTurn(turn.facts)
            filled[row] = numbers(turn, own, joined, earlier), numbers(alone, own, own, [])
        return filled

    def _share(self) -> NDArray[np.float64]:
        share = np.ones(len(self.rows.source))
        share[self.rows.source == ORDINARY] = self._shares.ordinary
        share[self.rows.source == EVERYDAY] = self._shares.everyday
        share[self.rows.is_talk] = self._shares.talks
        share[self.rows.source == OWN_TALKS] = self._shares.own_talks
        return share


def weights_json(
    heads: Heads,
    opinions: Heads,
    trees: Mapping[str, HistGradientBoostingClassifier],
    thresholds: Mapping[str, Mapping[str, float]],
    axes_from: Mapping[str, float],
) -> str:
    """The file that `bot.safety.weights` reads."""
    record: dict[str, Any] = {
        "thresholds": {
            where: {name: round(at, 4) for name, at in levels.items()}
            for where, levels in thresholds.items()
        },
        "axes_from": {axis: round(at, 4) for axis, at in axes_from.items()},
        "trees": {name: trees_record(model) for name, model in trees.items()},
        "levels": heads.record(LEAST_WEIGHT),
        "opinions": opinions.record(LEAST_WEIGHT),
    }
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n"


def _is_wish(example: Example) -> bool:
    """Whether a line says a wish to die or to hurt oneself."""
    if example.source in (VALID, OWN):
        return example.danger
    return example.danger and Axis.SUICIDE.value in example.axes
