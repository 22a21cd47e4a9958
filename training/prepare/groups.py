"""Pairs of keys and numbers kept on the disk, so that a corpus of any size can be grouped by key.

Two numbers with one key meet only if all keys are seen; keys are spread over files by their first
bits, and one file at a time is sorted in memory. A pair takes 16 bytes on the disk and, for the
file that is being sorted, 1/256 of that for every pair of the corpus in memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

SHARDS = 256
_PAIR = np.dtype([("key", "<u8"), ("number", "<u8")])
_WAITING = 1 << 16  # pairs in memory before they are written


class ExternalGroupBy:
    """Add pairs, then read the groups; `name` tells its files from those of another one."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self._waiting: list[tuple[int, int]] = []

    def add(self, keys: Iterable[int], number: int) -> None:
        """Note `number` under each of the keys (0 to 2**64 - 1)."""
        self._waiting.extend((key, number) for key in keys)
        if len(self._waiting) >= _WAITING:
            self._write()

    def groups(self) -> Iterator[list[int]]:
        """The numbers of every key that has more than one, each group from low to high."""
        for pairs, starts in self._sorted():
            ends = np.append(starts[1:], len(pairs))
            for start, end in zip(starts[ends - starts > 1], ends[ends - starts > 1], strict=True):
                yield pairs["number"][start:end].tolist()

    def distinct(self) -> int:
        """How many different keys there are."""
        return sum(len(starts) for _, starts in self._sorted())

    def _sorted(self) -> Iterator[tuple[NDArray[np.void], NDArray[np.intp]]]:
        """Pairs by key and number, and where each key begins."""
        self._write()
        for shard in range(SHARDS):
            path = self._path(shard)
            if path.exists():
                pairs = np.sort(np.fromfile(path, _PAIR), order=("key", "number"))
                new = np.append(True, pairs["key"][1:] != pairs["key"][:-1])
                yield pairs, np.flatnonzero(new)

    def _write(self) -> None:
        if not self._waiting:
            return
        pairs = np.array(self._waiting, _PAIR)
        self._waiting.clear()
        shards = pairs["key"] >> np.uint64(56)
        pairs, shards = pairs[order := np.argsort(shards, kind="stable")], shards[order]
        for shard in np.unique(shards):
            with self._path(int(shard)).open("ab") as file:
                pairs[shards == shard].tofile(file)

    def _path(self, shard: int) -> Path:
        return self._folder / f"{self._name}-{shard:03}.pairs"
