"""The figures as a picture; needs matplotlib (extra `bench`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inference.console import CommandError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from inference.bench.figures import Figures


def check_plotting(file: Path) -> None:
    """Raise `CommandError` where `file` cannot be drawn: before the measurement, not after it."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - an extra
    except ImportError:
        raise CommandError(
            "--plot needs matplotlib: pip install --editable '.[bench]'.", exit_status=2
        ) from None
    if file.suffix.removeprefix(".") not in FigureCanvasAgg.get_supported_filetypes():
        raise CommandError(f"--plot cannot draw {file.name}: name it .png or .svg.", exit_status=2)


def plot(all_figures: Sequence[Figures], title: str, file: Path) -> None:
    """Draw tokens a second and time to first token by load; the file's ending says the format."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - an extra
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(9, 4), layout="constrained")
    FigureCanvasAgg(figure)
    speed, wait = figure.subplots(1, 2)
    loads = [f.load for f in all_figures]
    speed.bar(loads, [f.tokens_per_second for f in all_figures], color="#4c78a8")
    speed.set_ylabel("tokens a second, all together")
    for name, style in (("p50", "-"), ("p90", "--"), ("p99", ":")):
        times = [getattr(f.ttft, name) * 1000 for f in all_figures]
        wait.plot(loads, times, style, marker="o", color="#e45756", label=name)
    wait.set_ylabel("time to first token, ms")
    wait.set_ylim(bottom=0)
    wait.legend(frameon=False)
    figure.suptitle(title)
    figure.savefig(file, dpi=120)
