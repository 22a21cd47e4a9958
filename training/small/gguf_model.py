"""Reads back what `export` wrote, as PyTorch; the parity tests stand on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gguf
import numpy as np
import torch

from training.small.export import gguf_name
from training.small.model import Llama, Shape

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def read_model(path: Path) -> Llama:
    """The model in fp32 (Q8_0 dequantized)."""
    reader = gguf.GGUFReader(str(path))

    def number(key: str) -> float:
        field = reader.get_field(f"llama.{key}")
        if field is None:
            raise ValueError(f"{path.name} has no llama.{key}")
        return float(field.contents())

    shape = Shape(
        vocabulary=int(number("vocab_size")),
        hidden=int(number("embedding_length")),
        layers=int(number("block_count")),
        heads=int(number("attention.head_count")),
        intermediate=int(number("feed_forward_length")),
        context=int(number("context_length")),
        rope_base=number("rope.freq_base"),
        norm_epsilon=number("attention.layer_norm_rms_epsilon"),
    )
    stored = {
        tensor.name: gguf.dequantize(tensor.data, tensor.tensor_type) for tensor in reader.tensors
    }
    model = Llama(shape)
    state: dict[str, torch.Tensor] = {}
    for name in dict(model.named_parameters()):
        values = stored[gguf_name(name)]
        if name.endswith(("q_proj.weight", "k_proj.weight")):
            values = split_rotary(values, shape.heads)
        state[name] = torch.from_numpy(np.array(values, dtype=np.float32))
    model.load_state_dict(state)
    return model.eval()


def split_rotary(matrix: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """The inverse of `interleave_rotary`."""
    rows, columns = matrix.shape
    pairs = matrix.reshape(heads, rows // heads // 2, 2, columns)
    return np.ascontiguousarray(pairs.swapaxes(1, 2).reshape(rows, columns))
