"""Figures as people read them."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of `values` that `share` (0 to 1) of them do not exceed; nan for none."""
    if not values:
        return math.nan
    ranked = sorted(values)
    return ranked[max(math.ceil(share * len(ranked)) - 1, 0)]


def seconds(values: Sequence[float]) -> str:
    """Median and 99th percentile of times in seconds."""
    if not values:
        return "-"
    return f"{percentile(values, 0.5):.2f} / {percentile(values, 0.99):.2f} s"


def table(rows: Sequence[tuple[str, str]]) -> str:
    """Two columns, the second one to the right."""
    left = max(len(name) for name, _ in rows)
    right = max(len(value) for _, value in rows)
    return "\n".join(f"  {name:<{left}}  {value:>{right}}" for name, value in rows)


def show_progress(total: int, of: str) -> Callable[[], None]:
    """What to call after each of `total` things; tells the one who waits how many are done."""
    done = 0

    def count() -> None:
        nonlocal done
        done += 1
        if sys.stderr.isatty() or done % 50 == 0:
            end = "\n" if not sys.stderr.isatty() or done == total else "\r"
            sys.stderr.write(f"  {done} of {total} {of}{end}")
            sys.stderr.flush()

    return count
