"""Cut a text into the pieces that the encoder knows: SentencePiece's unigram search, without it.

The pieces are a subset of XLM-RoBERTa's vocabulary, so what is cut here agrees with what the
encoder was trained on; the library that made them is not needed to read them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BOS, PAD, EOS, UNKNOWN = 0, 1, 2, 3
"""Numbers of the special pieces, as in XLM-RoBERTa."""
SPECIAL = 4
WORD_START = "▁"


@dataclass(frozen=True, slots=True)
class Tokenizer:
    """Pieces and their log-probabilities; `numbers` starts after the special pieces."""

    numbers: Mapping[str, int]
    scores: Sequence[float]
    unknown_score: float
    longest: int

    @classmethod
    def of(cls, pieces: Sequence[str], scores: Sequence[float]) -> Tokenizer:
        """Return a tokenizer over pieces in the order of their numbers."""
        return cls(
            {piece: number for number, piece in enumerate(pieces, start=SPECIAL)},
            [0.0] * SPECIAL + list(scores),
            min(scores) - 10.0,
            max(map(len, pieces)),
        )

    def encode(self, text: str) -> list[int]:
        """Return the numbers of the likeliest pieces of `text`; unknown characters are UNKNOWN."""
        marked = WORD_START + WORD_START.join(text.split())
        length = len(marked)
        best = [0.0] + [float("-inf")] * length
        arrived = [(0, UNKNOWN)] * (length + 1)
        for start in range(length):
            here = best[start]
            for end in range(start + 1, min(length, start + self.longest) + 1):
                number = self.numbers.get(marked[start:end])
                if number is not None:
                    score = here + self.scores[number]
                elif end == start + 1:
                    number, score = UNKNOWN, here + self.unknown_score
                else:
                    continue
                if score > best[end]:
                    best[end], arrived[end] = score, (start, number)
        numbers: list[int] = []
        end = length
        while end:
            end, number = arrived[end]
            numbers.append(number)
        numbers.reverse()
        return numbers
