"""The tensors of a W4A16 checkpoint: what they must look like, and what they stand for.

A linear layer of `out` rows and `in` columns is stored as `qweight` int32 (in, out/8), `qzeros`
int32 (in/128, out/8) and `scales` float16 (in/128, out). Eight columns share an int32; column j of
the eight sits in nibble 0 4 1 5 2 6 3 7 [j], counted from the lowest.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import torch
from safetensors import safe_open

from inference.quantize.errors import QuantizeError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BITS: Final = 4
GROUP: Final = 128
"""Weights that share a scale; the only size that TurboMind takes for AWQ."""

_COLUMNS_OF_A_WORD: Final = 32 // BITS
_NIBBLES: Final = (0, 4, 1, 5, 2, 6, 3, 7)

_EXPECTED: Final = {
    "bits": BITS,
    "group_size": GROUP,
    "quant_method": "awq",
    "version": "gemm",
    "zero_point": True,
}


def check_config(folder: Path) -> None:
    """Raise QuantizeError unless the configuration says W4A16 in the form TurboMind reads."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    found = config.get("quantization_config", {})
    for name, wanted in _EXPECTED.items():
        if found.get(name) != wanted:
            raise QuantizeError(
                f"{folder / 'config.json'}: quantization_config.{name} is {found.get(name)!r}, "
                f"not {wanted!r}."
            )


def dequantized(folder: Path) -> tuple[dict[str, torch.Tensor], int]:
    """The weights of a W4A16 checkpoint as an unquantized model has them, and how many were packed.

    Raises:
        QuantizeError: a packed layer is incomplete or has another shape or type.
    """
    stored = dict(_tensors(folder))
    weights: dict[str, torch.Tensor] = {}
    packed = 0
    for name, tensor in stored.items():
        layer, _, kind = name.rpartition(".")
        if kind == "qweight":
            weights[f"{layer}.weight"] = unpacked_layer(layer, stored)
            packed += 1
        elif kind not in {"qzeros", "scales"}:
            weights[name] = tensor
    if not packed:
        raise QuantizeError(f"{folder} holds no quantized layer.")
    return weights, packed


def _tensors(folder: Path) -> Iterator[tuple[str, torch.Tensor]]:
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise QuantizeError(f"{folder} holds no .safetensors file.")
    for file in files:
        with safe_open(str(file), framework="pt") as tensors:
            for name in tensors.keys():  # noqa: SIM118 - not a mapping
                yield name, tensors.get_tensor(name)


def unpacked_layer(layer: str, stored: dict[str, torch.Tensor]) -> torch.Tensor:
    """The weights of a linear layer as they were before packing; raises QuantizeError."""
    try:
        qweight, qzeros, scales = (
            stored[f"{layer}.{kind}"] for kind in ("qweight", "qzeros", "scales")
        )
    except KeyError as error:
        raise QuantizeError(f"the quantized layer lacks {error.args[0]}.") from None
    columns, words = qweight.shape
    fits = (
        qweight.dtype == qzeros.dtype == torch.int32
        and scales.dtype == torch.float16
        and columns % GROUP == 0
        and tuple(qzeros.shape) == (columns // GROUP, words)
        and tuple(scales.shape) == (columns // GROUP, words * _COLUMNS_OF_A_WORD)
    )
    if not fits:
        raise QuantizeError(
            f"{layer}: qweight {tuple(qweight.shape)} {qweight.dtype}, qzeros "
            f"{tuple(qzeros.shape)}, scales {tuple(scales.shape)} {scales.dtype} are not a "
            f"{BITS}-bit layer in groups of {GROUP}."
        )
    if not torch.isfinite(scales).all():
        raise QuantizeError(f"{layer}: a scale is not a finite number.")
    levels = _unpack(qweight).float()
    zeros = _unpack(qzeros).float().repeat_interleave(GROUP, dim=0)
    return ((levels - zeros) * scales.float().repeat_interleave(GROUP, dim=0)).t().contiguous()


def _unpack(words: torch.Tensor) -> torch.Tensor:
    """(rows, words) int32 -> (rows, 8 * words) levels from 0 to 15."""
    shifts = torch.tensor([BITS * nibble for nibble in _NIBBLES], dtype=torch.int32)
    levels = (words.unsqueeze(-1) >> shifts) & (2**BITS - 1)
    return levels.flatten(1)
