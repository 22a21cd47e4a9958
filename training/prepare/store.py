"""Outcomes on the disk between the first pass, which reads, and the second, which writes."""

from __future__ import annotations

import os
import pickle
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from training.prepare import near
from training.prepare.outcome import HELD_OUT, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

    from training.prepare.tally import CorpusTally

SHARDS = 256
_PAIR = np.dtype([("key", "<u8"), ("number", "<u8")])
_WAITING = 1 << 16  # pairs in memory before they are written


_KEYS = ("whole_key", "opening_key", "group_key")


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


DUPLICATE = "near-duplicate"
NEAR_OPENING = "opening close to one that is trained on"


class DistinctCounter:
    """How many different texts a corpus has; kept on the disk, in `work`."""

    def __init__(self, work: Path, corpus: str) -> None:
        self._seen = {key: ExternalGroupBy(work, f"{corpus}-{key}") for key in _KEYS}

    def add(self, outcome: Outcome) -> None:
        """Remember the texts of a dialogue."""
        for key, counter in self._seen.items():
            counter.add((getattr(outcome, key),), 0)

    def describe(self, tally: CorpusTally) -> None:
        """Put the counts into the tally, when all dialogues were seen."""
        dialogues, openings, groups = (self._seen[key].distinct() for key in _KEYS)
        tally.distinct_dialogues = dialogues
        tally.distinct_openings = openings
        tally.opening_groups = groups


class TwoPassStore:
    """Keeps outcomes in order; knows afterwards which ones are too close to another one.

    In memory: one bit a dialogue for each of the two kinds of closeness, and what
    `ExternalGroupBy` sorts.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "outcomes"
        self._signatures_path = folder / "signatures"
        self._file = self._path.open("wb")
        self._signatures = self._signatures_path.open("wb")
        self._near = ExternalGroupBy(folder, "near")
        self._openings = ExternalGroupBy(folder, "openings")
        self._kept = 0

    def __enter__(self) -> TwoPassStore:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()
        self._signatures.close()

    def add(self, outcome: Outcome) -> None:
        """Keep one more."""
        if outcome.left_out is None:
            self._near.add(outcome.bands, self._kept)
            seen = int(outcome.split != HELD_OUT)
            self._openings.add(outcome.opening_bands, 2 * self._kept + seen)
            self._signatures.write(outcome.signature)
            self._kept += 1
        small = replace(outcome, signature=b"", bands=(), opening_bands=())
        pickle.dump(small, self._file, protocol=pickle.HIGHEST_PROTOCOL)

    def outcomes(self) -> Iterator[Outcome]:
        """All of them in order; those too close to another one are left out for that reason."""
        self._file.close()
        self._signatures.close()
        duplicates, leaks = self._duplicates(), self._leaks()
        number = 0
        for outcome in self._read():
            if outcome.left_out is not None:
                yield outcome
                continue
            if duplicates[number]:
                yield replace(outcome, left_out=DUPLICATE)
            elif leaks[number]:
                yield replace(outcome, left_out=NEAR_OPENING)
            else:
                yield outcome
            number += 1

    def _read(self) -> Iterator[Outcome]:
        with self._path.open("rb") as file:
            while file.peek(1):
                yield pickle.load(file)  # noqa: S301 - written above, a moment ago

    def _duplicates(self) -> BitSet:
        """Dialogues that were told before in nearly the same words; the first one stays."""
        marks = BitSet(self._kept)
        with self._signatures_path.open("rb") as file:
            for first, *others in self._near.groups():
                signature = _signature(file.fileno(), first)
                for other in others:
                    if marks[other]:
                        continue
                    if near.similarity(signature, _signature(file.fileno(), other)) >= (
                        near.DUPLICATE
                    ):
                        marks.set(other)
        return marks

    def _leaks(self) -> BitSet:
        """Held-out dialogues whose opening shares a band with one that is not held out."""
        marks = BitSet(self._kept)
        for group in self._openings.groups():
            if any(number % 2 for number in group):
                for number in group:
                    if number % 2 == 0:
                        marks.set(number // 2)
        return marks


class BitSet:
    """A bit a number."""

    def __init__(self, size: int) -> None:
        self._bits = bytearray(size // 8 + 1)

    def set(self, number: int) -> None:
        """Mark it."""
        self._bits[number // 8] |= 1 << number % 8

    def __getitem__(self, number: int) -> bool:
        return bool(self._bits[number // 8] >> number % 8 & 1)


def _signature(file: int, number: int) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    # Read, not mapped: the pages of a mapped file would count as this process's memory.
    length = near.DIALOGUES.hashes * 4
    return np.frombuffer(os.pread(file, length, number * length), np.uint32)
