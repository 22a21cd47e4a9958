"""Fits the classifier with scikit-learn and writes what the bot reads without it."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from bot.safety.classifier import pieces
from bot.safety.detector import matches, reading, undenied
from bot.safety.lexicon import views

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from bot.safety.classifier import Thresholds
    from training.risk.data import Example

STRENGTH = 20.0  # inverse of the regularization; the optimum is flat from 10 to 30
RAREST = 2  # texts a piece must be in: halves the file at no measured cost
UNIT = 0.01  # a weight is a whole number of these
OWN_SHARE = 1.0  # weight of an own sentence beside a labelled row


class Fit:
    """A fitted model: three vectorizers, one a view, and a logistic regression over them."""

    def __init__(self, labelled: Sequence[Example], own: Sequence[Example]) -> None:
        examples = [*labelled, *own]
        readings = [_views(example.text) for example in examples]
        self._vectorizers = [_vectorizer() for _ in readings[0]]
        columns = [
            vectorizer.fit_transform([reading[number] for reading in readings])
            for number, vectorizer in enumerate(self._vectorizers)
        ]
        self._model = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=3000)
        self._model.fit(
            hstack(columns).tocsr(),
            [example.danger for example in examples],
            sample_weight=[1.0] * len(labelled) + [OWN_SHARE] * len(own),
        )

    def scores(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Log-odds of danger as scikit-learn computes them, one a text."""
        readings = [_views(text) for text in texts]
        columns = [
            vectorizer.transform([reading[number] for reading in readings])
            for number, vectorizer in enumerate(self._vectorizers)
        ]
        return np.asarray(self._model.decision_function(hstack(columns).tocsr()), dtype=np.float64)

    def as_json(self, thresholds: Thresholds) -> str:
        """The weights file the bot reads, with its thresholds."""
        coefficients = self._model.coef_[0]
        start = 0
        parts = []
        for vectorizer in self._vectorizers:
            known = vectorizer.get_feature_names_out().tolist()
            weights = np.rint(coefficients[start : start + len(known)] / UNIT).astype(int).tolist()
            start += len(known)
            parts.append({"pieces": "\n".join(known), "weights": weights})
        record = {
            "thresholds": {name: round(at, 4) for name, at in asdict(thresholds).items()},
            "bias": float(self._model.intercept_[0]),
            "unit": UNIT,
            "views": parts,
        }
        return json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n"


def _vectorizer() -> TfidfVectorizer:
    return TfidfVectorizer(
        analyzer=pieces, sublinear_tf=True, use_idf=False, min_df=RAREST, norm="l2"
    )


@lru_cache(maxsize=10_000)
def _views(text: str) -> tuple[str, str, str]:
    read = reading(text)
    return views(undenied(read, list(matches(read))))
