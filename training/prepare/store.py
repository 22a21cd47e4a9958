"""Outcomes on the disk between the first pass, which reads, and the second, which writes."""

from __future__ import annotations

import os
import pickle
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from training.prepare import near
from training.prepare.groups import ExternalGroupBy
from training.prepare.outcome import HELD_OUT, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

DUPLICATE = "near-duplicate"
NEAR_OPENING = "opening close to one that is trained on"


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
