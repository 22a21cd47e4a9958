"""Near-duplicates by MinHash: texts that share most of their runs of characters.

Signatures are made by rensa (Rust); the few lines here decide what is compared. Two texts meet if
one of their bands is equal, and are near if their signatures agree often enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from rensa import RMinHash

from training.corpora.openings import letters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_SEED = 20_240_611
_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Sketch:
    """How texts are compared.

    A pair of similarity s shares a band with the probability 1 - (1 - s^rows)^bands.
    """

    run: int
    """Characters of a shingle, punctuation left out."""
    bands: int
    rows: int

    @property
    def hashes(self) -> int:
        """Numbers in a signature."""
        return self.bands * self.rows


DIALOGUES = Sketch(run=5, bands=16, rows=8)
"""Pairs of 0.8 meet with 0.95, of 0.85 with 0.995; DUPLICATE decides."""
OPENINGS = Sketch(run=3, bands=8, rows=4)
"""Pairs of 0.7 meet with 0.89, of 0.8 with 0.985; meeting is enough to be kept apart."""
DUPLICATE = 0.8  # share of equal numbers in two signatures


def signatures(texts: Sequence[str], sketch: Sketch) -> NDArray[np.uint32]:
    """One row of `sketch.hashes` numbers a text."""
    if not texts:
        return np.empty((0, sketch.hashes), np.uint32)
    runs = [shingles(text, sketch) for text in texts]
    offsets = [0, *np.cumsum([len(one) for one in runs]).tolist()]
    matrix = RMinHash.digest_matrix_from_flat_token_hashes(
        np.concatenate(runs), offsets, sketch.hashes, _SEED
    )
    return np.array(matrix.to_rows(), np.uint32)


def bands(rows: NDArray[np.uint32], sketch: Sketch) -> NDArray[np.uint64]:
    """For each signature the keys of its bands."""
    parts = rows.reshape(len(rows), sketch.bands, sketch.rows).astype(np.uint64)
    keys = np.broadcast_to(np.arange(1, sketch.bands + 1, dtype=np.uint64), parts.shape[:2]).copy()
    for index in range(sketch.rows):
        keys = _mixed(keys * _MIX + parts[:, :, index])
    return keys


def similarity(one: NDArray[np.uint32], other: NDArray[np.uint32]) -> float:
    """The estimate of the share of shingles two texts have in common."""
    return float((one == other).mean())


def shingles(text: str, sketch: Sketch) -> NDArray[np.uint64]:
    """A hash for every run of characters, in the text's order."""
    run = sketch.run
    codes = np.frombuffer(letters(text).encode("utf-32-le"), np.uint32).astype(np.uint64)
    count = max(len(codes) - run + 1, min(len(codes), 1))
    hashes = np.full(count, run, np.uint64)
    for index in range(min(run, len(codes))):
        hashes = hashes * _MIX + codes[index : index + count]
    return _mixed(hashes)


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    values = (values ^ (values >> np.uint64(31))) * np.uint64(0xBF58476D1CE4E5B9)
    return values ^ (values >> np.uint64(29))
