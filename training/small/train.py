"""The training loop: stops by its budget, writes checkpoints, goes on where it stopped."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from training.small.gradients import Gradients, RowWorkers, WholeBatch
from training.small.losses import held_out_loss
from training.small.model import CHECKPOINT_FILE, Average, Llama, Shape
from training.small.optimizer import Optimizers
from training.small.schedule import Schedule

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from tokenizers import Tokenizer

    from training.small.sequences import Packed

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """One run. Minutes or million tokens are its budget, whichever is spent first."""

    minutes: float = math.inf
    million_tokens: float = math.inf
    shape: Shape = field(default_factory=lambda: Shape(layers=5))
    schedule: Schedule = field(default_factory=Schedule)
    batch_tokens: int = 4096
    """Places for tokens in a step's rows."""
    matrix_lr: float = 0.02
    embedding_lr: float = 4e-3
    weight_decay: float = 0.01
    dropout: float = 0.0
    average_decay: float = 0.99
    seed: int = 1
    device: str = "cpu"
    bfloat16: bool = False
    rows_at_once: int = 64
    """Of a batch: as many as a GPU's memory takes, or a few for a CPU's worker to take next."""
    threads: int = 2
    compile: bool = True
    log_every_steps: int = 20
    evaluate_every_minutes: float = 5.0
    checkpoint_every_minutes: float = 3.0
    evaluation_rows: int = 48
    final_evaluation_rows: int | None = None
    """Of the held-out set at the end; None is all of them."""

    def __post_init__(self) -> None:
        if not math.isfinite(min(self.minutes, self.million_tokens)):
            raise ValueError("a training needs a budget: minutes or million tokens")


@dataclass(frozen=True, slots=True)
class Sets:
    """What a run learns from, in its two parts, and what it is tested on."""

    base: Packed
    tune: Packed
    held_out: Packed


class Trainer:
    """One run in one folder; a folder with a checkpoint is continued.

    `elapsed` counts seconds spent in the loop and travels in the checkpoint: a crash costs what
    happened since the last checkpoint and does not move the schedule.
    """

    def __init__(
        self,
        config: TrainConfig,
        sets: Sets,
        tokenizer: Tokenizer,
        out: Path,
        clock: Clock = time.monotonic,
    ) -> None:
        torch.manual_seed(config.seed)
        torch.set_num_threads(1)  # the threads are the pool's
        pool = ThreadPoolExecutor(config.threads)
        self.config = config
        self.model = Llama(config.shape, config.dropout).to(config.device)
        self._gradients = _gradients(config, self.model, pool)
        self.average = Average(self.model, config.average_decay)
        self.optimizers = Optimizers(
            self.model,
            pool,
            matrix_lr=config.matrix_lr,
            embedding_lr=config.embedding_lr,
            weight_decay=config.weight_decay,
        )
        self.step = 0
        self.tune_step = 0
        self.tokens = 0
        self.elapsed = 0.0
        self._sets = sets
        self._tokenizer = tokenizer
        self._out = out
        self._clock = clock
        self._checkpointed = self._evaluated = 0.0
        out.mkdir(parents=True, exist_ok=True)
        if (out / CHECKPOINT_FILE).exists():
            self._restore(torch.load(out / CHECKPOINT_FILE, weights_only=True))

    @property
    def progress(self) -> float:
        """Spent share of the budget, 0 to 1."""
        by_time = self.elapsed / (self.config.minutes * 60)
        return min(1.0, max(by_time, self.tokens / (self.config.million_tokens * 1e6)))

    def run(self, until: float = math.inf) -> None:
        """Train until the budget is spent, then evaluate on the whole held-out set.

        Stops early, with a checkpoint, after `until` minutes of this call: a machine that is lent
        for a while gets a part of the way, and the next call goes on. A run whose budget is spent
        already is left as it is.
        """
        if self.progress >= 1.0:
            return
        begun = last = self._clock()
        while self.progress < 1.0:
            loss = self.train_step()
            now = self._clock()
            self.elapsed, last = self.elapsed + now - last, now
            if self.step % self.config.log_every_steps == 0:
                self._log(loss=round(loss, 4))
            if self._due(self._evaluated, self.config.evaluate_every_minutes):
                self._evaluated = self.elapsed
                self._evaluate(self.config.evaluation_rows)
            if self._due(self._checkpointed, self.config.checkpoint_every_minutes):
                self.save()
            if now - begun >= until * 60:
                break
        self.save()
        if self.progress >= 1.0:
            self._evaluate(self.config.final_evaluation_rows)

    def train_step(self) -> float:
        """One update on the next rows; the loss in nats per weighted token."""
        schedule, progress = self.config.schedule, self.progress
        packed, rows = self._rows(tunes=schedule.tunes(progress))
        loss = self._gradients.add(*_tensors(packed, rows), schedule.client_weight(progress))
        self.optimizers.step(schedule.learning_rate(self.step, progress))
        self.step += 1
        self.tune_step += schedule.tunes(progress)
        self.average.update(self.step)
        self.tokens += int((packed.documents[rows] > 0).sum())
        return loss

    def evaluate(self, rows: int | None) -> dict[str, float]:
        """Held-out nats a token by who speaks, on the first `rows` rows (None: all)."""
        self.model.eval()
        loss = held_out_loss(self.model, self._sets.held_out, self._tokenizer, rows)
        self.model.train()
        return {
            "client": round(loss.client.per_token, 4),
            "counselor": round(loss.counselor.per_token, 4),
            "both": round(loss.both.per_token, 4),
            "counselor_per_character": round(loss.counselor.per_character, 4),
            "both_per_character": round(loss.both.per_character, 4),
        }

    def save(self) -> None:
        """Write the checkpoint; the old one stays until the new one is whole."""
        self._checkpointed = self.elapsed
        partial = self._out / "checkpoint.partial"
        torch.save(
            {
                "model": self.model.state_dict(),
                "average": self.average.state_dict(),
                "optimizers": self.optimizers.state_dict(),
                "step": self.step,
                "tune_step": self.tune_step,
                "tokens": self.tokens,
                "elapsed": self.elapsed,
                "shape": asdict(self.config.shape),
            },
            partial,
        )
        partial.replace(self._out / CHECKPOINT_FILE)

    def _restore(self, checkpoint: dict[str, Any]) -> None:
        if checkpoint["shape"] != asdict(self.config.shape):
            raise ValueError("the checkpoint in this folder is of a model of another shape")
        self.model.load_state_dict(checkpoint["model"])
        self.average.load_state_dict(checkpoint["average"])
        self.optimizers.load_state_dict(checkpoint["optimizers"])
        self.step, self.tune_step = checkpoint["step"], checkpoint["tune_step"]
        self.tokens = checkpoint["tokens"]
        self.elapsed = self._checkpointed = self._evaluated = checkpoint["elapsed"]

    def _rows(self, *, tunes: bool) -> tuple[Packed, NDArray[np.int64]]:
        """The set of this step and row numbers in it: every epoch is another permutation."""
        packed = self._sets.tune if tunes else self._sets.base
        step = self.tune_step if tunes else self.step - self.tune_step
        count, length = packed.tokens.shape
        size = max(1, self.config.batch_tokens // length)
        epoch, batch = divmod(step, max(1, count // size))
        order = np.random.default_rng((self.config.seed, int(tunes), epoch)).permutation(count)
        return packed, order[batch * size : (batch + 1) * size]

    def _due(self, last: float, minutes: float) -> bool:
        return self.elapsed - last >= minutes * 60

    def _evaluate(self, rows: int | None) -> None:
        found = self.evaluate(rows)
        with self.average.in_place():
            averaged = self.evaluate(rows)
        self._log(held_out=found, held_out_average=averaged)

    def _log(self, **values: object) -> None:
        line = {
            "step": self.step,
            "tokens": self.tokens,
            "minutes": round(self.elapsed / 60, 2),
            "progress": round(self.progress, 4),
            **values,
        }
        with (self._out / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")


def _gradients(config: TrainConfig, model: Llama, pool: ThreadPoolExecutor) -> Gradients:
    if config.device == "cpu" and not config.bfloat16:
        return RowWorkers(
            model,
            pool,
            config.threads,
            rows_at_once=config.rows_at_once,
            compiled=config.compile,
        )
    return WholeBatch(
        model,
        rows_at_once=config.rows_at_once,
        bfloat16=config.bfloat16,
        compiled=config.compile,
    )


def _tensors(packed: Packed, rows: NDArray[np.int64]) -> tuple[Tensor, Tensor, Tensor]:
    return (
        torch.from_numpy(packed.tokens[rows].astype(np.int64)),
        torch.from_numpy(packed.kinds[rows]),
        torch.from_numpy(packed.documents[rows]),
    )
