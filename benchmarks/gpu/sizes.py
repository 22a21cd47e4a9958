"""The tables of sizes in docs/serving.md: python -m benchmarks.gpu.sizes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from inference.serve.checkpoint import Quantization, Shape, shape_of
from inference.serve.memory import GIB, KV_BITS, fit, weight_bytes

CONFIG: Final = Path(__file__).with_name("internlm2_7b.json")
GPU_SIZES: Final = (8, 16, 24, 48, 80)  # GiB
LENGTHS: Final = (2048, 4096, 8192)  # tokens
CACHE_SHARE: Final = 0.8
W4A16: Final = Quantization("awq", 4, 128)


def tables() -> str:
    """Conversations that fit at once, by GPU and KV cache, for W4A16 and for fp16."""
    shape = shape_of(json.loads(CONFIG.read_text(encoding="utf-8")), CONFIG.name)
    return "\n\n".join(
        _table(shape, name, packed) for name, packed in (("W4A16", W4A16), ("fp16", None))
    )


def _table(shape: Shape, name: str, packed: Quantization | None) -> str:
    size = weight_bytes(shape, packed) / GIB
    heads = " | ".join(f"KV {bits} bits" for bits in KV_BITS)
    rows = [f"| {name}, {size:.1f} GiB of weights | {heads} |", "|---|" + "---:|" * len(KV_BITS)]
    for gpu in GPU_SIZES:
        cells = []
        for bits in KV_BITS:
            room = fit(
                shape,
                packed,
                gpu_memory=gpu * GIB,
                kv_bits=bits,
                cache_max_entry_count=CACHE_SHARE,
            )
            counts = [room.chats(length) for length in LENGTHS]
            cells.append(" / ".join(map(str, counts)) if counts[0] else "too small")
        rows.append(f"| {gpu} GiB | {' | '.join(cells)} |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(tables())
