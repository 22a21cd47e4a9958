"""Plots of the data card; drawn without a display, the same numbers give the same bytes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from training.prepare.tally import percentile

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from matplotlib.axes import Axes

    from training.prepare.tally import CorpusTally

_BINS = 40


def write_plots(folder: Path, tallies: Mapping[str, CorpusTally]) -> tuple[str, ...]:
    """PNG files of lengths and of what was left out; the names, without their ending."""
    lengths = Figure(figsize=(12, 3.6), layout="constrained")
    titles = ("pairs of a dialogue", "characters of a dialogue", "characters of an answer")
    for axes, title in zip(lengths.subplots(1, 3), titles, strict=True):
        for name, tally in tallies.items():
            _histogram(axes, name, _counts(tally)[title])
        axes.set_title(title)
        axes.set_ylabel("share")
        axes.legend()
    _save(lengths, folder / "lengths.png")

    left_out = Figure(figsize=(9, 5), layout="constrained")
    axes = left_out.subplots()
    reasons = sorted({reason for tally in tallies.values() for reason in tally.left_out})
    bottom = [0] * len(reasons)
    for name, tally in tallies.items():
        counts = [tally.left_out[one].count if one in tally.left_out else 0 for one in reasons]
        axes.barh(reasons, counts, left=bottom, label=name)
        bottom = [under + count for under, count in zip(bottom, counts, strict=True)]
    axes.set_title("dialogues left out, by reason")
    axes.set_xscale("symlog")
    axes.legend()
    _save(left_out, folder / "left-out.png")
    return "lengths", "left-out"


def _counts(tally: CorpusTally) -> dict[str, Counter[int]]:
    """Of what is kept, all splits together."""
    splits = list(tally.splits.values())
    empty: Counter[int] = Counter()
    return {
        "pairs of a dialogue": sum((split.pairs_of for split in splits), empty),
        "characters of a dialogue": sum((split.characters_of for split in splits), empty),
        "characters of an answer": sum((split.answers for split in splits), empty),
    }


def _histogram(axes: Axes, name: str, counts: Counter[int]) -> None:
    """Shares in equal bins up to the 99th percentile."""
    top = max(percentile(counts, 0.99), 1)
    step = max(1, -(-top // _BINS))
    bins = [0] * (top // step + 1)
    for value, count in counts.items():
        if value <= top:
            bins[value // step] += count
    total = max(counts.total(), 1)
    edges = [step * index for index in range(len(bins) + 1)]
    axes.stairs([count / total for count in bins], edges, label=name, fill=True, alpha=0.5)


def _save(figure: Figure, path: Path) -> None:
    FigureCanvasAgg(figure)
    # Without the name and version of the program, which are no part of the data.
    figure.savefig(path, dpi=110, metadata={"Software": None})
