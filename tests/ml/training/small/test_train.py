from __future__ import annotations

import json
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from inference.local import PACKAGED_MODEL
from training.small.model import Shape, load_trained
from training.small.schedule import Schedule
from training.small.sequences import CLIENT, COUNSELOR, Packed
from training.small.tokenizer import read_tokenizer
from training.small.train import Sets, TrainConfig, Trainer

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


CONFIG = TrainConfig(
    minutes=0.2,
    shape=SHAPE,
    schedule=Schedule(warm_up_steps=2, decay_from=0.6),
    batch_tokens=64,
    threads=1,
    compile=False,
    log_every_steps=1,
    checkpoint_every_minutes=0.1,
    evaluate_every_minutes=0.1,
)


def trainer(out: Path, clock: Clock | None = None, config: TrainConfig = CONFIG) -> Trainer:
    """One step takes one second of the clock."""
    seconds = count()
    return Trainer(
        config,
        Sets(rows(40, 1), rows(20, 3), rows(4, 2)),
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
    assert log[-1]["held_out_average"]["both"] != log[-1]["held_out"]["both"]
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

    assert resumed.tune_step == whole.tune_step == 4
    assert (resumed.step, resumed.tokens, resumed.elapsed) == (12, whole.tokens, 12.0)
    for name, parameter in whole.model.named_parameters():
        torch.testing.assert_close(resumed.model.get_parameter(name), parameter)
    for mine, theirs in zip(resumed.average.state_dict(), whole.average.state_dict(), strict=True):
        torch.testing.assert_close(mine, theirs)


def test_lent_machine_takes_a_part_of_the_way(tmp_path: Path) -> None:
    whole = trainer(tmp_path / "whole")
    whole.run()

    parts = []
    for _ in range(3):
        part = trainer(tmp_path / "parts")
        part.run(until=5 / 60)
        parts.append((part.step, part.progress == 1.0))

    assert parts == [(5, False), (10, False), (12, True)]
    for name, parameter in whole.model.named_parameters():
        torch.testing.assert_close(part.model.get_parameter(name), parameter)


def test_budget_of_tokens_ends_a_run_too(tmp_path: Path) -> None:
    one = trainer(tmp_path, config=replace(CONFIG, minutes=1e9, million_tokens=640e-6))
    one.run()

    assert (one.step, one.tokens, one.tune_step) == (10, 640, 4)


def test_run_without_a_budget_is_refused() -> None:
    with pytest.raises(ValueError, match="budget"):
        TrainConfig(shape=SHAPE)


def test_training_of_a_gpu_goes_the_same_way_on_a_cpu(tmp_path: Path) -> None:
    rows_then = trainer(tmp_path / "rows")
    rows_then.run()
    batch = trainer(tmp_path / "batch", config=replace(CONFIG, bfloat16=True, rows_at_once=3))
    batch.run()

    exact, rough = (one.evaluate(None)["both"] for one in (rows_then, batch))
    assert rough == pytest.approx(exact, abs=0.05)


def test_finished_run_is_left_as_it_is(tmp_path: Path) -> None:
    trainer(tmp_path).run()
    log = (tmp_path / "log.jsonl").read_text()

    trainer(tmp_path).run()

    assert (tmp_path / "log.jsonl").read_text() == log
    assert load_trained(tmp_path, averaged=False).steps == 12


def test_exported_weights_are_the_last_or_the_mean(tmp_path: Path) -> None:
    done = trainer(tmp_path)
    done.run()

    last = load_trained(tmp_path, averaged=False).model.embed_tokens.weight
    mean = load_trained(tmp_path, averaged=True).model.embed_tokens.weight

    torch.testing.assert_close(last, done.model.embed_tokens.weight)
    with done.average.in_place():
        torch.testing.assert_close(mean, done.model.embed_tokens.weight)
    assert not torch.equal(last, mean)


def test_checkpoint_of_another_shape_is_refused(tmp_path: Path) -> None:
    one = trainer(tmp_path)
    one.save()
    checkpoint = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    checkpoint["shape"]["layers"] = 2
    torch.save(checkpoint, tmp_path / "checkpoint.pt")

    with pytest.raises(ValueError, match="another shape"):
        trainer(tmp_path)


@pytest.mark.parametrize("tunes", [False, True])
def test_every_row_is_seen_once_an_epoch(tmp_path: Path, tunes: bool) -> None:
    one = trainer(tmp_path)
    rows_of_set = 20 if tunes else 40
    steps = rows_of_set // 4
    seen = []
    for step in range(2 * steps):
        one.step, one.tune_step = (30 + step, step) if tunes else (step, 0)
        seen.append(one._rows(tunes=tunes)[1])

    first, second = np.concatenate(seen[:steps]), np.concatenate(seen[steps:])
    assert sorted(first) == sorted(second) == list(range(rows_of_set))
    assert list(first) != list(second)
