"""How many tokens a text has: by the model's own tokenizer, or by an estimate from above."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    TokenCounter = Callable[[str], int]

_FILE: Final = "tokenizer.json"
_REMEMBERED: Final = 20_000


class TokenizerUnusableError(ValueError):
    """There is no tokenizer to count with; the message says why and what to do."""


def estimate_tokens(text: str) -> int:
    """Upper estimate of the tokens of `text`, without a tokenizer.

    A Chinese character (three bytes) costs at most about one token in the vocabularies of this
    project's models (measured: 0.63 for the small one), a Latin letter about a third, and what lies
    beyond the basic plane (emoji) up to four, one for each byte.
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    beyond = len(text.encode("utf-16-le", "surrogatepass")) // 2 - len(text)
    return (size + 2 - 4 * beyond) // 3 + 4 * beyond


def load_token_counter(path: Path) -> TokenCounter:
    """Counts with a `tokenizer.json`, or with the one in a model's folder.

    Raises `TokenizerUnusableError`. A text is counted by itself: the few tokens that a chat
    template puts around it are the caller's to add.
    """
    file = path / _FILE if path.is_dir() else path
    try:
        from tokenizers import Tokenizer  # noqa: PLC0415 - an extra; its absence is an answer
    except ImportError:
        raise TokenizerUnusableError(
            "Counting with the model's tokenizer needs the package tokenizers: "
            "pip install --editable '.[tokens]', or leave TOKENIZER empty."
        ) from None
    if not file.is_file():
        raise TokenizerUnusableError(
            f"There is no {file}: set TOKENIZER to a tokenizer.json or to a folder that holds one "
            "(AutoTokenizer.from_pretrained(MODEL).save_pretrained(FOLDER) writes it), or leave it "
            "empty."
        )
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception:  # the package raises nothing more exact
        raise TokenizerUnusableError(f"{file} is not a tokenizer that can be read.") from None
    # A file may say that texts are cut or filled up to a length.
    tokenizer.no_truncation()
    tokenizer.no_padding()

    # Each turn counts its whole past again (3 ms for 1,000 characters), so counts are remembered:
    # by digest, because what was said is not kept anywhere it does not have to be.
    counts: OrderedDict[bytes, int] = OrderedDict()

    def count(text: str) -> int:
        digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        known = counts.get(digest)
        if known is None:
            known = len(tokenizer.encode(text, add_special_tokens=False))
            if len(counts) >= _REMEMBERED:
                counts.popitem(last=False)
            counts[digest] = known
        else:
            counts.move_to_end(digest)
        return known

    return count
