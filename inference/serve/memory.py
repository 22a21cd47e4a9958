"""How much of a GPU a model takes, and how many conversations fit beside it. Arithmetic only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from inference.serve.checkpoint import Quantization, Shape

GIB: Final = 2**30
KV_BITS: Final = (16, 8, 4)
BLOCK: Final = 64
"""Tokens of one block of TurboMind's KV cache (`--cache-block-seq-len`)."""

RESERVED: Final = int(1.5 * GIB)
"""For CUDA's context, activations and logits. An allowance, not a measurement."""

_FP16: Final = 2  # bytes


def weight_bytes(shape: Shape, quantization: Quantization | None) -> int:
    """Bytes of the weights on the GPU.

    Quantized are the matrices of the layers; the embeddings, the norms and the head stay fp16.
    """
    kv_width = shape.kv_heads * shape.head_dim
    q_width = shape.heads * shape.head_dim
    attention = shape.hidden * (q_width + 2 * kv_width) + q_width * shape.hidden
    feed_forward = 3 * shape.hidden * shape.intermediate
    if shape.experts:  # all of them lie in memory, however few a token passes
        width = shape.experts * shape.expert_intermediate + shape.shared_intermediate
        feed_forward = 3 * shape.hidden * width + shape.hidden * shape.experts
    matrices = shape.layers * (attention + feed_forward)
    tables = shape.vocabulary * shape.hidden * (1 if shape.ties_embeddings else 2)
    norms = (2 * shape.layers + 1) * shape.hidden
    per_weight = float(_FP16)
    if quantization is not None:
        # Each group has an fp16 scale and a zero point as wide as a weight.
        group = quantization.group_size or shape.hidden
        per_weight = quantization.bits / 8 + (_FP16 + quantization.bits / 8) / group
    return int(matrices * per_weight) + (tables + norms) * _FP16


def kv_bytes_per_token(shape: Shape, kv_bits: int) -> int:
    """Bytes that one token takes in the KV cache; int8 and int4 keep a scale and a zero beside."""
    vectors = 2 * shape.layers * shape.kv_heads
    numbers = vectors * shape.head_dim * kv_bits // 8
    return numbers if kv_bits == 16 else numbers + vectors * 2 * _FP16


@dataclass(frozen=True, slots=True)
class Fit:
    """What there is room for on a GPU; all sizes in bytes and for one of the GPUs."""

    gpu_memory: int
    weights: int
    cache: int
    per_token: int

    @property
    def tokens(self) -> int:
        """Tokens of all conversations together, in whole blocks."""
        return max(self.cache, 0) // (self.per_token * BLOCK) * BLOCK

    def chats(self, length: int) -> int:
        """Conversations of so many tokens that can be answered at the same time."""
        return self.tokens // (-(-length // BLOCK) * BLOCK)


def fit(
    shape: Shape,
    quantization: Quantization | None,
    *,
    gpu_memory: int,
    kv_bits: int,
    cache_max_entry_count: float,
    tp: int = 1,
) -> Fit:
    """Divide a GPU's memory: weights, the allowance, and a share of what is left for the cache.

    Args:
        shape: Sizes of the model.
        quantization: How its weights are packed.
        gpu_memory: Bytes of one GPU, or what is free of them.
        kv_bits: 16, 8 or 4 bits for a number in the KV cache.
        cache_max_entry_count: `--cache-max-entry-count`, of what weights and allowance leave.
        tp: How many GPUs share the model (tensor parallelism).
    """
    weights = weight_bytes(shape, quantization) // tp
    left = gpu_memory - RESERVED - weights
    # With more GPUs than KV heads, the heads are kept in several places.
    per_token = kv_bytes_per_token(shape, kv_bits) // min(tp, shape.kv_heads)
    return Fit(
        gpu_memory=gpu_memory,
        weights=weights,
        cache=int(left * cache_max_entry_count),
        per_token=per_token,
    )
