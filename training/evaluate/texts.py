"""Figures of an answer's text: likeness to the corpus's answer, and how it reads.

Two units are used, and each figure has one of them: sacrebleu's `zh` tokenizer takes every Chinese
character for itself, jieba cuts words.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import jieba
from rouge_score.rouge_scorer import RougeScorer
from rouge_score.tokenizers import Tokenizer
from sacrebleu.metrics.bleu import BLEU

if TYPE_CHECKING:
    from collections.abc import Iterable

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
