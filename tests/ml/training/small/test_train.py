from __future__ import annotations

import json
from itertools import count
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from inference.local import PACKAGED_MODEL
from training.small.checkpoint import load_trained
from training.small.gguf_tokenizer import read_tokenizer
from training.small.model import Shape
from training.small.schedule import Schedule
from training.small.sequences import CLIENT, COUNSELOR, Packed
from training.small.train import TrainConfig, Trainer

if TYPE_CHECKING:
    from pathlib import Path

    from training.small.train import Clock

SHAPE = Shape(vocabulary=64, hidden=128, layers=1, heads=1, intermediate=128, context=16)


def rows(number: int, seed: int) -> Packed:
    """Rows that count upwards, so that there is something to learn."""
    starts = np.random.default_rng(seed).integers(4, 40, (number, 1))
    tokens = (starts + np.arange(16)).astype(np.uint16)
    kinds = np.where(np.arange(16) < 8, CLIENT, COUNSELOR).astype(np.uint8)
    kinds = np.broadcast_to(kinds, tokens.shape).copy()
    return Packed(tokens, kinds, np.ones_like(kinds))


def trainer(out: Path, minutes: float = 0.2, clock: Clock | None = None) -> Trainer:
    """One step takes one second of the clock."""
    seconds = count()
    config = TrainConfig(
        minutes=minutes,
        shape=SHAPE,
        schedule=Schedule(warm_up_steps=2),
        batch_rows=4,
        threads=1,
        compile=False,
        log_every_steps=1,
        checkpoint_every_minutes=0.1,
        evaluate_every_minutes=0.1,
    )
    return Trainer(
        config,
        rows(40, 1),
        rows(4, 2),
        read_tokenizer(PACKAGED_MODEL),
        out,
        clock or (lambda: float(next(seconds))),
    )


def test_training_stops_by_its_budget_and_learns(tmp_path: Path) -> None:
    trainer(tmp_path).run()

    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    held_out = [line["held_out"]["both"] for line in log if "held_out" in line]
    assert log[-1]["step"] == 12
    assert log[-1]["progress"] == 1.0
    assert log[-1]["final"] is True
    assert held_out[-1] < held_out[0] < np.log(64) + 0.5


def test_killed_run_goes_on_as_if_nothing_had_happened(tmp_path: Path) -> None:
    whole = trainer(tmp_path / "whole")
    whole.run()

    class KilledError(Exception):
        pass

    def dies_at_nine() -> float:
        if next(killed_at) == 9:
            raise KilledError
        return float(next(seconds))

    killed_at, seconds = count(), count()
    with pytest.raises(KilledError):
        trainer(tmp_path / "killed", clock=dies_at_nine).run()
    resumed = trainer(tmp_path / "killed")
    assert (resumed.step, resumed.elapsed) == (6, 6.0)
    resumed.run()

    assert (resumed.step, resumed.tokens, resumed.elapsed) == (12, whole.tokens, 12.0)
    for name, parameter in whole.model.named_parameters():
        torch.testing.assert_close(resumed.model.get_parameter(name), parameter)


def test_finished_run_is_left_as_it_is(tmp_path: Path) -> None:
    trainer(tmp_path).run()
    log = (tmp_path / "log.jsonl").read_text()

    trainer(tmp_path).run()

    assert (tmp_path / "log.jsonl").read_text() == log
    assert load_trained(tmp_path).steps == 12


def test_checkpoint_of_another_shape_is_refused(tmp_path: Path) -> None:
    one = trainer(tmp_path)
    one.save()
    checkpoint = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    checkpoint["shape"]["layers"] = 2
    torch.save(checkpoint, tmp_path / "checkpoint.pt")

    with pytest.raises(ValueError, match="another shape"):
        trainer(tmp_path)


def test_every_row_is_seen_once_an_epoch(tmp_path: Path) -> None:
    one = trainer(tmp_path)
    seen = []
    for step in range(20):
        one.step = step
        seen.append(one._rows())

    first, second = np.concatenate(seen[:10]), np.concatenate(seen[10:])
    assert sorted(first) == sorted(second) == list(range(40))
    assert list(first) != list(second)
