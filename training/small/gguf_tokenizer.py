"""Reads back the tokenizer that `export` wrote into a GGUF file; needs no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gguf

from training.small.tokenizer import tokenizer_from

if TYPE_CHECKING:
    from pathlib import Path

    from tokenizers import Tokenizer


def read_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer, equal to the one that was exported."""
    reader = gguf.GGUFReader(str(path))

    def texts(key: str) -> list[str]:
        field = reader.get_field(f"tokenizer.ggml.{key}")
        if field is None:
            raise ValueError(f"{path.name} has no tokenizer.ggml.{key}")
        return [str(text) for text in field.contents()]

    vocabulary = {text: number for number, text in enumerate(texts("tokens"))}
    merges = []
    for merge in texts("merges"):
        left, right = merge.split(" ")
        merges.append((left, right))
    return tokenizer_from(vocabulary, merges)
