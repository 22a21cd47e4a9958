from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

from training.pipeline.steps.train import PICTURE, followed, points, summary

if TYPE_CHECKING:
    from pathlib import Path


def log(work: Path, run: str, steps: range, loss: float) -> None:
    file = work / run / "vis_data/scalars.json"
    file.parent.mkdir(parents=True)
    rows = ({"lr": 0.001, "loss": loss - step / 100, "step": step, "time": 1} for step in steps)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_what_was_trained_again_after_a_kill_counts_once(tmp_path: Path) -> None:
    log(tmp_path, "20260101_000000", range(10, 60, 10), 5.0)
    log(tmp_path, "20260101_010000", range(40, 110, 10), 4.0)
    curve = points(tmp_path)
    assert [point.step for point in curve] == list(range(10, 110, 10))
    assert [curve[2].loss, curve[3].loss] == [5.0 - 0.3, 4.0 - 0.4]
    assert summary(curve) == {"steps": 100, "loss_at_first": 4.9, "loss_at_last": 3.0}


def test_half_a_line_of_a_log_that_is_being_written_is_passed_over(tmp_path: Path) -> None:
    log(tmp_path, "20260101_000000", range(10, 30, 10), 5.0)
    with (tmp_path / "20260101_000000/vis_data/scalars.json").open("a") as file:
        file.write('{"lr": 0.001, "lo')
    assert [point.step for point in points(tmp_path)] == [10, 20]


def test_the_curve_is_drawn_when_a_training_ends_however_it_ends(tmp_path: Path) -> None:
    def stopped() -> None:
        log(tmp_path, "20260101_000000", range(10, 60, 10), 5.0)
        raise KeyboardInterrupt

    with suppress(KeyboardInterrupt), followed(tmp_path):
        stopped()
    assert (tmp_path / PICTURE).read_bytes().startswith(b"\x89PNG")


def test_a_training_that_logged_nothing_has_no_curve(tmp_path: Path) -> None:
    with followed(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []
    assert summary(points(tmp_path)) == {}
