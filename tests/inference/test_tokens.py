"""Counting tokens, without a tokenizer and where there is none to be had."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from inference.tokens import TokenizerUnusableError, estimate_tokens, load_token_counter

if TYPE_CHECKING:
    from pathlib import Path


def test_the_estimate_grows_with_the_text() -> None:
    assert estimate_tokens("") == 0
    assert estimate_tokens("难过") == 2
    assert estimate_tokens("hello there") <= 6
    assert estimate_tokens("🌧️") >= 4


def test_without_the_package_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(TokenizerUnusableError, match="pip install"):
        load_token_counter(tmp_path)
