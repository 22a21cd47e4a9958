"""Which pieces of the base are kept: what people write here, and every single character."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from tokenizers import Tokenizer as FullTokenizer
from tokenizers import models

from bot.safety.encoder.inputs import folded
from bot.safety.encoder.tokenizer import SPECIAL, UNKNOWN, WORD_START, Tokenizer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from training.risk.encoder.weights import Base

RAREST = 3
"""Times a piece has to be found in the texts, to be kept."""
_ALWAYS = re.compile("[\u0020-\u00ff\u2600-\u27ff\u3000-\u312f\u4e00-\u9fff\U0001f000-\U0001faff]?")
_ENGLISH = re.compile(f"{WORD_START}?[a-z]{{2,4}}")
_COMMON = 40_000
"""Pieces come most frequent first; short English words among so many are kept."""


def choose(base: Base, texts: Iterable[str]) -> list[int]:
    """Return the numbers of the pieces to keep, the special ones first."""
    full = FullTokenizer(
        models.Unigram(
            [(piece, float(score)) for piece, score in zip(base.pieces, base.scores, strict=True)],
            unk_id=UNKNOWN,
            byte_fallback=False,
        )
    )
    found: Counter[int] = Counter()
    for text in texts:
        found.update(full.encode(WORD_START + WORD_START.join(folded(text).split())).ids)
    kept = [
        number
        for number, piece in enumerate(base.pieces)
        if number >= SPECIAL
        and (
            found[number] >= RAREST
            or _ALWAYS.fullmatch(piece.lstrip(WORD_START))
            or (number < _COMMON and _ENGLISH.fullmatch(piece))
        )
    ]
    return [*range(SPECIAL), *kept]


def tokenizer_of(base: Base, kept: list[int]) -> Tokenizer:
    """Return the tokenizer of the pieces that are kept."""
    own = kept[SPECIAL:]
    return Tokenizer.of(
        [base.pieces[number] for number in own], [float(base.scores[number]) for number in own]
    )
