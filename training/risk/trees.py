"""Fits the boosted trees with scikit-learn, and writes them for `bot.safety.trees`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

COUNT, DEPTH = 120, 3
RATE = 0.1
SEED = 20261130
DIGITS = 4


def fit_trees(
    numbers: NDArray[np.float64],
    answers: NDArray[np.bool_],
    shares: NDArray[np.float64],
    rising: Sequence[int] = (),
) -> HistGradientBoostingClassifier:
    """Trees that answer from numbers; a row counts by its share.

    A number named in `rising`, by its place, never lowers an answer when it grows.
    """
    model = HistGradientBoostingClassifier(
        max_iter=COUNT,
        max_depth=DEPTH,
        learning_rate=RATE,
        max_features=0.3,
        min_samples_leaf=15,
        l2_regularization=1.0,
        early_stopping=False,
        monotonic_cst=[int(place in rising) for place in range(numbers.shape[1])],
        random_state=SEED,
    )
    return model.fit(np.round(numbers, DIGITS), answers, sample_weight=shares)


def trees_record(model: HistGradientBoostingClassifier) -> Mapping[str, Any]:
    """What `bot.safety.trees.read_trees` reads."""
    return {
        "start": round(float(np.ravel(model._baseline_prediction)[0]), 6),  # noqa: SLF001
        "trees": [_tree(tree.nodes) for (tree,) in model._predictors],  # noqa: SLF001
    }


def _tree(nodes: NDArray[np.void]) -> Mapping[str, list[Any]]:
    is_leaf = nodes["is_leaf"].astype(bool)
    return {
        "asks": np.where(is_leaf, -1, nodes["feature_idx"]).astype(int).tolist(),
        "at_most": np.where(is_leaf, 0.0, np.round(nodes["num_threshold"], 6)).tolist(),
        "left": np.where(is_leaf, -1, nodes["left"].astype(int)).tolist(),
        "right": np.where(is_leaf, -1, nodes["right"].astype(int)).tolist(),
        "adds": np.where(is_leaf, np.round(nodes["value"], 5), 0.0).tolist(),
    }
