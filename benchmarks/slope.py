"""How fast a measured quantity grows, and how sure that is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist, fmean, median
from typing import TYPE_CHECKING

from benchmarks.errors import BenchmarkError

if TYPE_CHECKING:
    from collections.abc import Sequence

BLOCKS = 30
"""Neighbouring samples depend on each other; the medians of so many blocks hardly do."""


@dataclass(frozen=True, slots=True)
class Slope:
    """Megabytes an hour: the fitted value and the ends of its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:+.2f} MB/h ({self.low:+.2f} to {self.high:+.2f})"


def slope_of(samples: Sequence[tuple[float, int]]) -> Slope:
    """Fit a line through samples of (seconds, bytes) by least squares.

    Raises:
        BenchmarkError: there are fewer than three samples.
    """
    blocks = min(BLOCKS, len(samples))
    if blocks < 3:
        raise BenchmarkError("There are too few samples to fit a line: let it run longer.")
    bounds = [len(samples) * number // blocks for number in range(blocks + 1)]
    pieces = [samples[begin:end] for begin, end in pairwise(bounds)]
    hours = [fmean(at for at, _ in piece) / 3600 for piece in pieces]
    megabytes = [median(size for _, size in piece) / 1e6 for piece in pieces]
    middle, level = fmean(hours), fmean(megabytes)
    spread = sum((hour - middle) ** 2 for hour in hours)
    value = (
        sum((hour - middle) * (size - level) for hour, size in zip(hours, megabytes, strict=True))
        / spread
    )
    errors = (
        size - level - value * (hour - middle) for hour, size in zip(hours, megabytes, strict=True)
    )
    deviation = math.sqrt(sum(error**2 for error in errors) / (blocks - 2) / spread)
    half = NormalDist().inv_cdf(0.975) * deviation
    return Slope(value, value - half, value + half)
