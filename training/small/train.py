"""The training loop: stops by its time budget, writes checkpoints, goes on where it stopped."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from training.small.checkpoint import FILE_NAME
from training.small.evaluate import held_out_loss
from training.small.gradients import Gradients
from training.small.model import Llama, Shape
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
    """One run; `minutes` is the time budget that also drives the schedule."""

    minutes: float
    shape: Shape = field(default_factory=lambda: Shape(layers=5))
    schedule: Schedule = field(default_factory=Schedule)
    batch_rows: int = 8
    matrix_lr: float = 0.02
    embedding_lr: float = 4e-3
    weight_decay: float = 0.01
    seed: int = 1
    threads: int = 2
    compile: bool = True
    log_every_steps: int = 20
    evaluate_every_minutes: float = 5.0
    checkpoint_every_minutes: float = 3.0
    evaluation_rows: int = 48


class Trainer:
    """One run in one folder; a folder with a checkpoint is continued.

    `elapsed` counts seconds spent in the loop and travels in the checkpoint: a crash costs what
    happened since the last checkpoint and does not move the schedule.
    """

    def __init__(
        self,
        config: TrainConfig,
        train: Packed,
        held_out: Packed,
        tokenizer: Tokenizer,
        out: Path,
        clock: Clock = time.monotonic,
    ) -> None:
        torch.manual_seed(config.seed)
        torch.set_num_threads(1)  # the threads are the pool's
        pool = ThreadPoolExecutor(config.threads)
        self.config = config
        self.model = Llama(config.shape)
        self._gradients = Gradients(self.model, pool, config.threads, compiled=config.compile)
        self.optimizers = Optimizers(
            self.model,
            pool,
            matrix_lr=config.matrix_lr,
            embedding_lr=config.embedding_lr,
            weight_decay=config.weight_decay,
        )
        self.step = 0
        self.tokens = 0
        self.elapsed = 0.0
        self._train = train
        self._held_out = held_out
        self._tokenizer = tokenizer
        self._out = out
        self._clock = clock
        self._checkpointed = self._evaluated = 0.0
        out.mkdir(parents=True, exist_ok=True)
        if (out / FILE_NAME).exists():
            self._restore(torch.load(out / FILE_NAME, weights_only=True))

    @property
    def progress(self) -> float:
        """Spent share of the time budget, 0 to 1."""
        return min(1.0, self.elapsed / (self.config.minutes * 60))

    def run(self) -> None:
        """Train until the budget is spent, then evaluate on the whole held-out set.

        A run whose budget is spent already is left as it is.
        """
        if self.progress >= 1.0:
            return
        last = self._clock()
        while self.progress < 1.0:
            loss = self.train_step()
            now = self._clock()
            self.elapsed, last = self.elapsed + now - last, now
            if self.step % self.config.log_every_steps == 0:
                self._log(loss=round(loss, 4))
            if self._due(self._evaluated, self.config.evaluate_every_minutes):
                self._evaluated = self.elapsed
                self._log(held_out=self.evaluate(self.config.evaluation_rows))
            if self._due(self._checkpointed, self.config.checkpoint_every_minutes):
                self.save()
        self.save()
        self._log(held_out=self.evaluate(None), final=True)

    def train_step(self) -> float:
        """One update on the next rows; the loss in nats per weighted token."""
        rows = self._rows()
        client_weight = self.config.schedule.client_weight(self.progress)
        loss = self._gradients.add(*self._tensors(rows), client_weight)
        self.optimizers.step(self.config.schedule.learning_rate(self.step, self.progress))
        self.step += 1
        self.tokens += int((self._train.documents[rows] > 0).sum())
        return loss

    def evaluate(self, rows: int | None) -> dict[str, float]:
        """Held-out nats by who speaks on the first `rows` rows (None: all)."""
        loss = held_out_loss(self.model, self._held_out, self._tokenizer, rows)
        return {
            "client": round(loss.client.per_token, 4),
            "counselor": round(loss.counselor.per_token, 4),
            "both": round(loss.both.per_token, 4),
            "both_per_character": round(loss.both.per_character, 4),
        }

    def save(self) -> None:
        """Write the checkpoint; the old one stays until the new one is whole."""
        self._checkpointed = self.elapsed
        partial = self._out / "checkpoint.partial"
        torch.save(
            {
                "model": self.model.state_dict(),
                "optimizers": self.optimizers.state_dict(),
                "step": self.step,
                "tokens": self.tokens,
                "elapsed": self.elapsed,
                "shape": asdict(self.config.shape),
            },
            partial,
        )
        partial.replace(self._out / FILE_NAME)

    def _restore(self, checkpoint: dict[str, Any]) -> None:
        if checkpoint["shape"] != asdict(self.config.shape):
            raise ValueError("the checkpoint in this folder is of a model of another shape")
        self.model.load_state_dict(checkpoint["model"])
        self.optimizers.load_state_dict(checkpoint["optimizers"])
        self.step, self.tokens = checkpoint["step"], checkpoint["tokens"]
        self.elapsed = self._checkpointed = self._evaluated = checkpoint["elapsed"]

    def _rows(self) -> NDArray[np.int64]:
        """Row numbers of this step: every epoch is another permutation, known from the step."""
        size = self.config.batch_rows
        per_epoch = max(1, len(self._train.tokens) // size)
        epoch, batch = divmod(self.step, per_epoch)
        order = np.random.default_rng((self.config.seed, epoch)).permutation(
            len(self._train.tokens)
        )
        return order[batch * size : (batch + 1) * size]

    def _tensors(self, rows: NDArray[np.int64]) -> tuple[Tensor, Tensor, Tensor]:
        return (
            torch.from_numpy(self._train.tokens[rows].astype(np.int64)),
            torch.from_numpy(self._train.kinds[rows]),
            torch.from_numpy(self._train.documents[rows]),
        )

    def _due(self, last: float, minutes: float) -> bool:
        return self.elapsed - last >= minutes * 60

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
