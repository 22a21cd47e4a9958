"""The pieces of words that n-gram models know, with their weights, in one flat table.

Two arrays of some megabytes, where a dict a view would take a hundred. A piece is a number: the
view it is of, and its characters by their places in an alphabet. Where it stands in the table is
a remainder of that number, or the next free place after it.
"""

from __future__ import annotations

import base64
import sys
import zlib
from array import array
from collections import Counter
from dataclasses import dataclass, field
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_PIECE = 4
"""Characters of a piece, at most."""

_BITS = 13  # of a character: four of them and the view are a number of 64 bits
_UNKNOWN = (1 << _BITS) - 1
_SPREAD = 2_654_435_761  # pieces that differ in their last character stand far apart
_FREE = 0
_FILLED = 0.6
_LIMIT = (1 << 15) - 1  # of a weight


@dataclass(frozen=True, slots=True)
class PieceTable:
    """Weights of pieces, one for each head."""

    alphabet: str = field(repr=False)
    keys: array[int] = field(repr=False)
    weights: tuple[memoryview, ...] = field(repr=False)
    """Of each head, a weight for every place in `keys`."""
    _codes: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Number the alphabet, from 1."""
        codes = {character: code for code, character in enumerate(self.alphabet, start=1)}
        object.__setattr__(self, "_codes", codes)

    def find(self, view: int, text: str) -> dict[int, int]:
        """The places of the pieces of a text that are known in this view, and how often each is."""
        codes = self._codes
        ones = [codes.get(character, _UNKNOWN) for character in text]
        twos = [a << _BITS | b for a, b in pairwise(ones)]
        threes = [a << _BITS | b for a, b in zip(twos, ones[2:], strict=False)]
        fours = [a << _BITS | b for a, b in zip(threes, ones[3:], strict=False)]
        keys, size, of_view = self.keys, len(self.keys), _of_view(view)
        found = {}
        for piece, count in Counter(chain(ones, twos, threes, fours)).items():
            key = of_view | piece
            place = key * _SPREAD % size
            while (other := keys[place]) != _FREE:
                if other == key:
                    found[place] = count
                    break
                place = place + 1 if place + 1 < size else 0
        return found

    def record(self) -> Mapping[str, str]:
        """What `read_table` reads."""
        weights = array("h", chain.from_iterable(self.weights))
        return {
            "alphabet": self.alphabet,
            "keys": _packed(self.keys),
            "weights": _packed(weights),
        }


def build_table(views: Sequence[Mapping[str, Sequence[int]]]) -> PieceTable:
    """A table of the pieces of each view, with a whole number for each head."""
    alphabet = "".join(sorted({character for view in views for character in "".join(view)}))
    if len(alphabet) >= _UNKNOWN:
        raise ValueError(f"at most {_UNKNOWN - 1} different characters, not {len(alphabet)}")
    codes = {character: code for code, character in enumerate(alphabet, start=1)}
    size = _prime(int(sum(map(len, views)) / _FILLED) + 2)
    heads = max((len(weights) for view in views for weights in view.values()), default=0)
    keys = array("Q", bytes(8 * size))
    rows = [array("h", bytes(2 * size)) for _ in range(heads)]
    for number, view in enumerate(views):
        for piece, weights in view.items():
            key = 0
            for character in piece:
                key = key << _BITS | codes[character]
            key |= _of_view(number)
            place = key * _SPREAD % size
            while keys[place] != _FREE:
                place = (place + 1) % size
            keys[place] = key
            for row, weight in zip(rows, weights, strict=True):
                row[place] = max(-_LIMIT, min(_LIMIT, weight))
    return PieceTable(alphabet, keys, tuple(map(memoryview, rows)))


def read_table(record: Mapping[str, Any], heads: int) -> PieceTable:
    """A table as `PieceTable.record` writes it."""
    keys = _unpacked("Q", record["keys"])
    weights = memoryview(_unpacked("h", record["weights"]))
    size = len(keys)
    rows = tuple(weights[head * size : (head + 1) * size] for head in range(heads))
    return PieceTable(record["alphabet"], keys, rows)


def _of_view(number: int) -> int:
    return number << _BITS * MAX_PIECE


def _packed(numbers: array[int]) -> str:
    return base64.b64encode(zlib.compress(_little_endian(numbers).tobytes(), 9)).decode()


def _unpacked(kind: str, packed: str) -> array[int]:
    numbers = array(kind)
    numbers.frombytes(zlib.decompress(base64.b64decode(packed)))
    return _little_endian(numbers)


def _little_endian(numbers: array[int]) -> array[int]:
    if sys.byteorder == "big":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers


def _prime(least: int) -> int:
    """The lowest prime from `least`: remainders by it spread best."""
    number = max(3, least | 1)
    while any(number % other == 0 for other in range(3, int(number**0.5) + 1, 2)):
        number += 2
    return number
