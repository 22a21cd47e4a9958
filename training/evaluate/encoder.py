"""BERTScore of answers, with an encoder from a folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from training.evaluate.errors import EvaluateError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class BertScorer:
    """bert-score over a BERT in a folder; F1, without idf and without a baseline."""

    def __init__(self, folder: Path, layer: int | None, device: str) -> None:
        """Load it. `layer` None takes two thirds of the way up, where words tell most.

        Raises EvaluateError: bert-score is not installed, or this is no encoder.
        """
        try:
            from bert_score import BERTScorer  # noqa: PLC0415 - an extra of its own
        except ModuleNotFoundError as error:
            raise EvaluateError(
                f"BERTScore needs the package {error.name}: pip install --editable '.[bertscore]'",
                exit_status=2,
            ) from None
        try:
            config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            layers = int(config["num_hidden_layers"])
            self.layer = layer or max(1, round(2 * layers / 3))
            self._scorer = BERTScorer(
                model_type=str(folder), num_layers=self.layer, device=device or None
            )
        except (OSError, ValueError, KeyError, TypeError, AssertionError) as error:
            raise EvaluateError(
                f"{folder} is not an encoder that bert-score can use ({type(error).__name__})."
            ) from None

    def f1(self, answers: Sequence[str], references: Sequence[str]) -> list[float]:
        """One value a pair, at most 1."""
        *_, values = self._scorer.score(list(answers), list(references))
        return [float(value) for value in values]
