"""Tune the encoder on examples: a loss that knows that levels are ordered."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from bot.safety.encoder.inputs import windows
from bot.safety.encoder.reader import PERSONS
from bot.safety.encoder.tokenizer import PAD
from bot.safety.levels import RiskLevel

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from random import Random

    from numpy.typing import NDArray

    from bot.safety.encoder.tokenizer import Tokenizer
    from training.risk.encoder.examples import TalkExample
    from training.risk.encoder.model import EncoderModel

LEVELS = len(RiskLevel)
BATCH = 32
WARM_UP = 60
BODY_RATE, HEAD_RATE = 8e-5, 1e-3
WHO_SHARE, AXES_SHARE = 0.3, 0.5
Input = tuple[list[int], list[int]]


def encode(tokenizer: Tokenizer, examples: Sequence[TalkExample]) -> list[Input]:
    """Return pieces and types of the first window of every example."""
    return [next(iter(windows(tokenizer, example.talk))) for example in examples]


def tune(
    model: EncoderModel,
    inputs: Sequence[Input],
    examples: Sequence[TalkExample],
    epochs: float,
    rng: Random,
) -> None:
    """Tune in place for `epochs`; prints the mean loss of every 50 steps."""
    head = list(model.head.parameters())
    body = [each for name, each in model.named_parameters() if not name.startswith("head.")]
    optimizer = torch.optim.AdamW(
        [{"params": body, "lr": BODY_RATE}, {"params": head, "lr": HEAD_RATE}], weight_decay=0.01
    )
    steps = int(epochs * math.ceil(len(inputs) / BATCH))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / WARM_UP) * max(0.0, 1 - step / steps)
    )
    losses: list[float] = []
    model.train()
    while len(losses) < steps:
        for batch in _batches(inputs, rng):
            if len(losses) == steps:
                break
            value = loss(model(*pad(inputs, batch)), [examples[index] for index in batch])
            optimizer.zero_grad()
            torch.autograd.backward(value)
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            losses.append(value.item())
            if len(losses) % 50 == 0:
                sys.stdout.write(f"{len(losses)}/{steps} loss {np.mean(losses[-50:]):.3f}\n")
    model.eval()


def loss(logits: Tensor, examples: Sequence[TalkExample]) -> Tensor:
    """Return the weighted mean loss: of the level, of being at least it, of who and axes."""
    weights = torch.tensor([example.weight for example in examples])
    levels = torch.tensor([int(example.level) for example in examples])
    log_shares = torch.log_softmax(logits[:, :LEVELS], dim=1)
    exact = -log_shares.gather(1, levels[:, None])[:, 0]
    shares = log_shares.exp()
    at_least = torch.stack([shares[:, step:].sum(1) for step in range(1, LEVELS)], dim=1)
    wanted = torch.stack([(levels >= step).float() for step in range(1, LEVELS)], dim=1)
    ordered = functional.binary_cross_entropy(
        at_least.clamp(1e-6, 1 - 1e-6), wanted, reduction="none"
    ).mean(1)
    total = (weights * (exact + ordered)).sum() / weights.sum()
    persons = [index for index, example in enumerate(examples) if example.who is not None]
    if persons:
        known = torch.tensor([examples[index].who for index in persons])
        total = total + WHO_SHARE * functional.cross_entropy(
            logits[persons, LEVELS : LEVELS + len(PERSONS)], known
        )
    named = [index for index, example in enumerate(examples) if example.axes is not None]
    if named:
        axes = torch.tensor([examples[index].axes for index in named]).float()
        total = total + AXES_SHARE * functional.binary_cross_entropy_with_logits(
            logits[named, LEVELS + len(PERSONS) :], axes
        )
    return total


def scores(model: EncoderModel, inputs: Sequence[Input]) -> NDArray[np.float64]:
    """Return the logits of every input, shape (inputs, outputs)."""
    order = sorted(range(len(inputs)), key=lambda index: len(inputs[index][0]))
    rows: list[NDArray[np.float64] | None] = [None] * len(inputs)
    with torch.no_grad():
        for start in range(0, len(order), 64):
            batch = order[start : start + 64]
            for index, row in zip(batch, model(*pad(inputs, batch)).double().numpy(), strict=True):
                rows[index] = row
    return np.array(rows)


def pad(inputs: Sequence[Input], batch: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Return pieces and types of a batch, (batch, longest) each; padding is of type 1."""
    longest = max(len(inputs[index][0]) for index in batch)
    pieces = torch.full((len(batch), longest), PAD)
    types = torch.ones(len(batch), longest, dtype=torch.long)
    for row, index in enumerate(batch):
        own, kinds = inputs[index]
        pieces[row, : len(own)] = torch.tensor(own)
        types[row, : len(kinds)] = torch.tensor(kinds)
    return pieces, types


def _batches(inputs: Sequence[Input], rng: Random) -> Iterator[list[int]]:
    """Batches of inputs of about one length, in random order."""
    order = list(range(len(inputs)))
    rng.shuffle(order)
    batches = []
    for start in range(0, len(order), BATCH * 20):
        chunk = sorted(order[start : start + BATCH * 20], key=lambda index: len(inputs[index][0]))
        batches += [chunk[at : at + BATCH] for at in range(0, len(chunk), BATCH)]
    rng.shuffle(batches)
    yield from batches
