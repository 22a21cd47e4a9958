"""Figures of an answer's text: likeness to the corpus's answer, and how it reads.

Two units are used, and each figure has one of them: sacrebleu's `zh` tokenizer takes every Chinese
character for itself, jieba cuts words.
"""

from __future__ import annotations

import json
import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import jieba
from rouge_score.rouge_scorer import RougeScorer
from rouge_score.tokenizers import Tokenizer
from sacrebleu.metrics.bleu import BLEU

from training.evaluate.config import EvaluateError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

REPEATED = 4
"""Characters of a run that is looked for a second time in the same answer."""

_QUESTION = re.compile("[?？]")
_ENDS = tuple("。？！…～~.?!”」』）)")


@dataclass(frozen=True, slots=True)
class Reading:
    """One answer, by counting."""

    characters: int
    repeated: float
    """The share of runs of four characters that stood in the answer before."""
    asks: bool
    is_unfinished: bool


class _Words(Tokenizer):  # type: ignore[misc] # rouge_score is not typed
    """For rouge-score, whose own tokenizer drops everything but Latin letters and digits."""

    def tokenize(self, text: str) -> list[str]:
        return words(text)


def words(text: str) -> list[str]:
    """Words as jieba cuts them, with punctuation and without spaces."""
    jieba.setLogLevel(logging.WARNING)
    return [word for word in jieba.cut(text) if not word.isspace()]


class Likeness:
    """BLEU's counts and ROUGE-L of an answer against the corpus's answer."""

    def __init__(self) -> None:
        # The order is "effective" so that a short answer is counted without a warning; the figure
        # is made of the sums, as for a corpus.
        self._bleu = BLEU(tokenize="zh", effective_order=True)
        self._rouge = RougeScorer(["rougeL"], tokenizer=_Words())

    def bleu_counts(self, answer: str, reference: str) -> list[float]:
        """Hits and n-grams for n = 1 to 4, and both lengths, in characters."""
        score = self._bleu.sentence_score(answer, [reference])
        return [*score.counts, *score.totals, score.sys_len, score.ref_len]

    def rouge_l(self, answer: str, reference: str) -> float:
        """F1 of the longest common subsequence of words, 0 to 1."""
        return float(self._rouge.score(reference, answer)["rougeL"].fmeasure)


def read(answer: str) -> Reading:
    """Count."""
    runs = [answer[start : start + REPEATED] for start in range(len(answer) - REPEATED + 1)]
    return Reading(
        characters=len(answer),
        repeated=1 - len(set(runs)) / len(runs) if runs else 0.0,
        asks=bool(_QUESTION.search(answer)),
        is_unfinished=not answer.rstrip().endswith(_ENDS),
    )


def distinct(answers: Iterable[list[str]], length: int) -> float:
    """Different n-grams of words by all n-grams of words, over all answers; 0 where none is."""
    seen: set[tuple[str, ...]] = set()
    total = 0
    for said in answers:
        grams = list(zip(*(said[start:] for start in range(length)), strict=False))
        seen.update(grams)
        total += len(grams)
    return len(seen) / total if total else 0.0


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
