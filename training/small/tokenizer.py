"""Byte-level BPE whose split llama.cpp knows by name, so that both sides cut text alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


PRE_TOKENIZER_NAME = "qwen2"
"""`tokenizer.ggml.pre` of the GGUF file; llama.cpp maps it to the expression below."""

SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

END_OF_TEXT = "<|endoftext|>"
CLIENT_START = "<|im_start|>user\n"
COUNSELOR_START = "<|im_start|>assistant\n"
TURN_END = "<|im_end|>\n"
SPECIAL_TOKENS = (END_OF_TEXT, CLIENT_START, COUNSELOR_START, TURN_END)
"""Ids 0-3. A turn's frame is ChatML, but each frame part is one token: 2 a turn, not 6."""

END_OF_TEXT_ID, CLIENT_START_ID, COUNSELOR_START_ID, TURN_END_ID = range(4)


def train_tokenizer(texts: Iterable[str], vocabulary_size: int) -> Tokenizer:
    """Learn a byte-level BPE of exactly `vocabulary_size` tokens, special tokens included."""
    tokenizer = _with_split(models.BPE())
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary_size,
        special_tokens=_special_tokens(),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    if tokenizer.get_vocab_size() != vocabulary_size:
        raise ValueError(
            f"the corpus yields {tokenizer.get_vocab_size()} tokens, not {vocabulary_size}"
        )
    return tokenizer


def load_tokenizer(path: Path) -> Tokenizer:
    """Read a tokenizer.json."""
    return Tokenizer.from_file(str(path))


def tokenizer_from(vocabulary: dict[str, int], merges: list[tuple[str, str]]) -> Tokenizer:
    """The tokenizer of a vocabulary and its merges, as a GGUF file holds them."""
    tokenizer = _with_split(models.BPE(vocabulary, merges))
    tokenizer.add_special_tokens(_special_tokens())
    return tokenizer


def _with_split(model: models.BPE) -> Tokenizer:
    tokenizer = Tokenizer(model)
    # No normalizer: llama.cpp has none either.
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _special_tokens() -> list[AddedToken]:
    return [AddedToken(text, special=True, normalized=False) for text in SPECIAL_TOKENS]


def read_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer, equal to the one that was exported."""
    import gguf  # noqa: PLC0415 - not needed to train

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
