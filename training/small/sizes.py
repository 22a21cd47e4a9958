"""What each way to store the weights costs: megabytes against held-out loss."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gguf import GGMLQuantizationType

from training.small.export import write_gguf
from training.small.gguf_model import read_model
from training.small.likelihood import Reader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tokenizers import Tokenizer

    from training.corpora.dialogue import Dialogue
    from training.small.model import Llama

KINDS = (
    GGMLQuantizationType.F16,
    GGMLQuantizationType.Q8_0,
    GGMLQuantizationType.Q5_1,
    GGMLQuantizationType.Q5_0,
    GGMLQuantizationType.Q4_1,
    GGMLQuantizationType.Q4_0,
)
"""What the gguf package can write. Its blocks have 32 weights, so every width here takes them."""


@dataclass(frozen=True, slots=True)
class StoredSize:
    """One way to store a model."""

    kind: str
    megabytes: float
    counselor: float
    """Held-out nats a character."""


def compare(model: Llama, tokenizer: Tokenizer, dialogues: Sequence[Dialogue]) -> list[StoredSize]:
    """Write the model in each kind, read it back and measure it on `dialogues`."""
    sizes = []
    for kind in KINDS:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.gguf"
            write_gguf(model, tokenizer, path, "", kind)
            reader = Reader(read_model(path), tokenizer)
            losses = [reader.loss(dialogue).counselor for dialogue in dialogues]
            total = sum(losses[1:], losses[0])
            size = path.stat().st_size / 1e6
        sizes.append(StoredSize(kind.name, round(size, 2), round(total.per_character, 4)))
    return sizes
