"""Writes a GGUF model of 200 KB that talks nonsense for ever: what an engine's test needs.

One llama block with all its weights zero, so the next token depends only on the last one. The
output layer allows nothing but a few Chinese characters; the end of the text is never among them.
"""

from __future__ import annotations

import random
import struct
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

Tensors = dict[str, tuple[tuple[int, ...], list[float]]]  # name: shape, weights

WIDTH = 64
SAYS = "我在听你说慢来嗯好"
_SPECIAL = ["<|im_start|>", "<|im_end|>"]
_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def write_tiny_model(
    path: Path,
    *,
    name: str = "tiny-nonsense",
    context_length: int = 512,
    is_trial: bool = False,
    template: str = _TEMPLATE,
) -> Path:
    """Write the model; returns `path`."""
    alphabet = _byte_alphabet()
    words = ["".join(alphabet[byte] for byte in character.encode()) for character in SAYS]
    tokens = alphabet + _SPECIAL + words
    values = {
        "general.architecture": "llama",
        "general.name": name,
        "llama.context_length": context_length,
        "llama.embedding_length": WIDTH,
        "llama.block_count": 1,
        "llama.feed_forward_length": WIDTH,
        "llama.attention.head_count": 1,
        "llama.attention.head_count_kv": 1,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.dimension_count": WIDTH,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "qwen2",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": [1] * 256 + [3] * len(_SPECIAL) + [1] * len(words),
        "tokenizer.ggml.merges": ["a b"],
        "tokenizer.ggml.eos_token_id": 257,
        "shudong.is_trial": is_trial,
    }
    if template:
        values["tokenizer.chat_template"] = template
    path.write_bytes(_gguf(values, _tensors(len(tokens), len(words))))
    return path


def write_tiny_adapter(path: Path, *, architecture: str = "llama", kind: str = "adapter") -> Path:
    """Write a LoRA adapter for the tiny model that changes nothing; returns `path`."""
    rank = 4
    values = {
        "general.architecture": architecture,
        "general.type": kind,
        "adapter.type": "lora",
        "adapter.lora.alpha": 8.0,
    }
    tensors: Tensors = {
        "blk.0.attn_q.weight.lora_a": ((WIDTH, rank), [0.0] * (WIDTH * rank)),
        "blk.0.attn_q.weight.lora_b": ((rank, WIDTH), [0.0] * (WIDTH * rank)),
    }
    path.write_bytes(_gguf(values, tensors))
    return path


def _tensors(vocabulary: int, words: int) -> Tensors:
    noise = random.Random(0)
    zeros = [0.0] * (WIDTH * WIDTH)
    ones = [1.0] * WIDTH
    # The first dimension is a constant, by which the output layer forbids all but the words.
    embedding = [[3.0] + [noise.gauss(0, 1) for _ in range(WIDTH - 1)] for _ in range(vocabulary)]
    output = [[-30.0] + [0.0] * (WIDTH - 1) for _ in range(vocabulary - words)]
    output += [[0.0] + [noise.gauss(0, 1) for _ in range(WIDTH - 1)] for _ in range(words)]
    square = (WIDTH, WIDTH)
    tensors: Tensors = {
        "token_embd.weight": ((WIDTH, vocabulary), list(chain.from_iterable(embedding))),
        "output_norm.weight": ((WIDTH,), ones),
        "output.weight": ((WIDTH, vocabulary), list(chain.from_iterable(output))),
    }
    for name in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"):
        tensors[f"blk.0.{name}.weight"] = (square, zeros)
    for name in ("attn_norm", "ffn_norm"):
        tensors[f"blk.0.{name}.weight"] = ((WIDTH,), ones)
    return tensors


def _gguf(
    values: dict[str, object], tensors: dict[str, tuple[tuple[int, ...], list[float]]]
) -> bytes:
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(values))
    for key, value in values.items():
        head += _string(key) + _typed(value)
    data = b""
    for name, (shape, weights) in tensors.items():
        head += _string(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0, len(data))
        data += _aligned(struct.pack(f"<{len(weights)}f", *weights))
    return _aligned(head) + data


def _typed(value: object) -> bytes:
    match value:
        case bool():
            return struct.pack("<I?", 7, value)
        case int():
            return struct.pack("<II", 4, value)
        case float():
            return struct.pack("<If", 6, value)
        case str():
            return struct.pack("<I", 8) + _string(value)
        case [str(), *_]:
            return struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(_string, value))
        case [*numbers]:
            return struct.pack(f"<IIQ{len(numbers)}i", 9, 5, len(numbers), *numbers)
    raise TypeError(type(value))


def _string(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def _aligned(data: bytes) -> bytes:
    return data + bytes(-len(data) % 32)


def _byte_alphabet() -> list[str]:
    """A printable character for each byte, as byte-level BPE spells them."""
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    hidden = iter(range(256, 512))
    return [chr(byte) if byte in printable else chr(next(hidden)) for byte in range(256)]
