"""The loss while XTuner trains, as a picture, from XTuner's own log.

TensorBoard needs nothing of this: the configs have mmengine write its events beside the log.
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PICTURE: Final = "loss.png"
_LOG: Final = "*/vis_data/scalars.json"
"""Where mmengine writes, below the folder of a run named by its start."""
_SMOOTH: Final = 20


@dataclass(frozen=True, slots=True)
class Point:
    """One line of the log: means since the line before."""

    step: int
    loss: float
    learning_rate: float


def points(work: Path) -> list[Point]:
    """The log of a training in `work`, by step; what was trained again after a kill counts once."""
    found: dict[int, Point] = {}
    for log in sorted(work.glob(_LOG)):
        for line in log.read_text(encoding="utf-8").splitlines():
            point = _point(line)
            if point is not None:
                found[point.step] = point
    return [found[step] for step in sorted(found)]


def _point(line: str) -> Point | None:
    try:
        row = json.loads(line)
        return Point(int(row["step"]), float(row["loss"]), float(row["lr"]))
    except (ValueError, KeyError, TypeError):
        return None  # half a line, or one of something else


def summary(curve: Sequence[Point]) -> dict[str, float | int]:
    """What a manifest says of it: the loss in the first and the last tenth, in nats a token."""
    if not curve:
        return {}
    tenth = max(1, len(curve) // 10)
    first, last = curve[:tenth], curve[-tenth:]
    return {
        "steps": curve[-1].step,
        "loss_at_first": round(sum(point.loss for point in first) / len(first), 4),
        "loss_at_last": round(sum(point.loss for point in last) / len(last), 4),
    }


@contextmanager
def followed(work: Path, every: float = 30.0) -> Iterator[None]:
    """Draw while a training runs in `work`, each `every` seconds, and once more when it ends."""
    ended = threading.Event()

    def follow() -> None:
        while not ended.wait(every):
            _update(work)

    thread = threading.Thread(target=follow, name="loss-curve", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        _update(work)


def draw(curve: Sequence[Point], file: Path) -> None:
    """The loss and its moving mean over the steps, and below it the learning rate."""
    steps = [point.step for point in curve]
    losses = [point.loss for point in curve]
    figure = Figure(figsize=(9, 5), layout="constrained")
    FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    above.plot(steps, losses, color="#4c78a8", alpha=0.35, label="loss")
    above.plot(steps, _smooth(losses), color="#4c78a8", label=f"mean of {_SMOOTH}")
    above.set_ylabel("nats a token")
    above.legend(frameon=False)
    below.plot(steps, [point.learning_rate for point in curve], color="#888888")
    below.set_ylabel("learning rate")
    below.set_xlabel("step")
    draft = file.with_name(f".{file.name}")
    figure.savefig(draft, dpi=120, format="png")
    draft.replace(file)


def _smooth(values: Sequence[float]) -> list[float]:
    windows = (values[max(0, end - _SMOOTH) : end] for end in range(1, len(values) + 1))
    return [sum(window) / len(window) for window in windows]


def _update(work: Path) -> None:
    curve = points(work)
    if curve:
        draw(curve, work / PICTURE)
