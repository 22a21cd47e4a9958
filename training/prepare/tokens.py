"""Counting tokens, by a given tokenizer or by the one of the packaged small model."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from inference.local import PACKAGED_MODEL
from training.small.tokenizer import load_tokenizer, read_tokenizer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tokenizers import Tokenizer


@cache
def _packaged() -> Tokenizer:
    """Read once a process, not once a corpus: it takes a second or two."""
    return read_tokenizer(PACKAGED_MODEL)


class TokenCounter:
    """Counts tokens of texts, without the frame a chat template puts around them."""

    def __init__(self, path: Path | None) -> None:
        self._tokenizer = _packaged() if path is None else load_tokenizer(path)

    def count(self, texts: Sequence[str]) -> int:
        """Tokens of all texts together."""
        return sum(len(self._tokenizer.encode(text).ids) for text in texts)
