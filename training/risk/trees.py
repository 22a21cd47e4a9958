"""Fits the boosted trees with scikit-learn, and writes them for `bot.safety.trees`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.ensemble import GradientBoostingClassifier

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

COUNT, DEPTH = 120, 3
RATE = 0.08
SEED = 20261130
DIGITS = 4


def fit_trees(
    numbers: NDArray[np.float64], answers: NDArray[np.bool_], shares: NDArray[np.float64]
) -> GradientBoostingClassifier:
    """Trees that answer from numbers; a row counts by its share."""
    model = GradientBoostingClassifier(
        n_estimators=COUNT,
        max_depth=DEPTH,
        learning_rate=RATE,
        subsample=0.7,
        max_features=0.3,
        min_samples_leaf=15,
        random_state=SEED,
    )
    return model.fit(np.round(numbers, DIGITS), answers, sample_weight=shares)


def trees_record(model: GradientBoostingClassifier) -> Mapping[str, Any]:
    """What `bot.safety.trees.read_trees` reads."""
    share = model.init_.class_prior_[1]
    return {
        "start": round(float(np.log(share / (1 - share))), 6),
        "trees": [_tree(one.tree_) for one in model.estimators_[:, 0]],
    }


def _tree(tree: Any) -> Mapping[str, list[Any]]:  # noqa: ANN401 - a type without stubs
    leaves = tree.children_left < 0
    return {
        "asks": np.where(leaves, -1, tree.feature).tolist(),
        "at_most": np.where(leaves, 0.0, np.round(tree.threshold, 5)).tolist(),
        "left": tree.children_left.tolist(),
        "right": tree.children_right.tolist(),
        "adds": np.round(tree.value[:, 0, 0] * RATE * leaves, 5).tolist(),
    }
