"""Fits the n-gram models with scikit-learn: for each question a regression over shared pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import SGDClassifier
from sklearn.preprocessing import normalize

from bot.safety.ngrams import pieces
from bot.safety.pieces import build_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

PENALTY = 1e-5
PASSES = 9
SEED = 20261130
UNIT = 0.02  # a weight is a whole number of these


class Pieces:
    """The pieces of many texts, counted once: folds are rows of them."""

    def __init__(self, views: Sequence[tuple[str, ...]], rarest: int) -> None:
        self._rarest = rarest
        self._names: list[list[str]] = []
        self._counts: list[csr_matrix] = []
        for view in zip(*views, strict=True):
            vectorizer = CountVectorizer(analyzer=pieces, min_df=rarest)
            counts = vectorizer.fit_transform(view).astype(np.float64)
            counts.data = 1 + np.log(counts.data)
            self._names.append(vectorizer.get_feature_names_out().tolist())
            self._counts.append(counts.tocsr())

    def known(self, rows: NDArray[np.int_], rarest: int | None = None) -> list[NDArray[np.int_]]:
        """The columns of each view of the pieces that are common enough in these rows."""
        least = self._rarest if rarest is None else rarest
        return [np.flatnonzero(counts[rows].getnnz(axis=0) >= least) for counts in self._counts]

    def matrix(self, rows: NDArray[np.int_], columns: Sequence[NDArray[np.int_]]) -> csr_matrix:
        """Rows brought to length one in each view, of these columns."""
        parts = [
            normalize(counts[rows][:, kept])
            for counts, kept in zip(self._counts, columns, strict=True)
        ]
        return hstack(parts).tocsr()

    def names(self, columns: Sequence[NDArray[np.int_]]) -> list[list[str]]:
        """The pieces of these columns."""
        return [
            [names[column] for column in kept]
            for names, kept in zip(self._names, columns, strict=True)
        ]


class Heads:
    """Regressions for several questions over the same pieces."""

    def __init__(self, source: Pieces, columns: Sequence[NDArray[np.int_]]) -> None:
        self._source, self._columns = source, columns
        self._models: dict[str, SGDClassifier] = {}

    def fit(
        self,
        name: str,
        rows: NDArray[np.int_],
        answers: NDArray[np.bool_],
        shares: NDArray[np.float64],
    ) -> None:
        """Learn the answers of rows to a question; a row counts by its share."""
        model = SGDClassifier(
            loss="log_loss",
            alpha=PENALTY,
            average=True,
            max_iter=PASSES,
            tol=None,
            random_state=SEED,
        )
        yes = np.average(answers, weights=shares)
        balanced = shares * np.where(answers, 0.5 / yes, 0.5 / (1 - yes))
        model.fit(self._source.matrix(rows, self._columns), answers, sample_weight=balanced)
        self._models[name] = model

    def scores(self, rows: NDArray[np.int_]) -> NDArray[np.float64]:
        """Log-odds, a row a text, a column a question."""
        matrix = self._source.matrix(rows, self._columns)
        return np.stack(
            [model.decision_function(matrix) for model in self._models.values()], axis=1
        )

    def record(self, least: float = 0.0) -> Mapping[str, Any]:
        """What `bot.safety.ngrams.read_ngrams` reads; pieces of less weight are left out."""
        weights = np.concatenate([model.coef_ for model in self._models.values()])
        views = []
        start = 0
        for names in self._source.names(self._columns):
            part = weights[:, start : start + len(names)]
            start += len(names)
            kept = np.flatnonzero(np.abs(part).max(axis=0) >= least)
            rounded = np.rint(part[:, kept] / UNIT).astype(int)
            kept_names = [names[column] for column in kept]
            views.append(dict(zip(kept_names, rounded.T.tolist(), strict=True)))
        return {
            "heads": list(self._models),
            "biases": [round(float(model.intercept_[0]), 5) for model in self._models.values()],
            "unit": UNIT,
            "table": build_table(views).record(),
        }
