"""Gradients of one batch, computed by workers that take one row after another.

Every worker has a thread of its own and computes on it alone. Threads that share each operation,
as PyTorch's do, all wait for the slowest at every one of them; on a machine with other work to do
that cost two thirds of the speed. Here they wait for each other once a step.
"""

from __future__ import annotations

from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

import torch

from training.small.model import Llama, token_losses
from training.small.sequences import CLIENT, COUNSELOR

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from torch import Tensor


class Gradients:
    """Adds the gradients of a batch's loss to the model's parameters."""

    def __init__(self, model: Llama, pool: Executor, workers: int, *, compiled: bool) -> None:
        self._replicas = [model, *(_replica(model) for _ in range(workers - 1))]
        self._losses: list[Callable[[Tensor, Tensor, Tensor], Tensor]] = [
            torch.compile(_weighted(one)) if compiled else _weighted(one) for one in self._replicas
        ]
        self._pool = pool
        self._warm = not compiled

    def add(self, tokens: Tensor, kinds: Tensor, documents: Tensor, client_weight: float) -> float:
        """The batch's loss in nats per weighted token; the model's `.grad` holds the gradients.

        All tensors are (rows, length); a counselor token weighs one.
        """
        targets = kinds[:, 1:]
        weights = (targets == COUNSELOR).float() + client_weight * (targets == CLIENT).float()
        weights /= weights.sum()
        rows: SimpleQueue[int] = SimpleQueue()
        for row in range(len(tokens)):
            rows.put(row)

        def work(loss_of: Callable[[Tensor, Tensor, Tensor], Tensor]) -> float:
            total = 0.0
            while True:
                try:
                    row = rows.get_nowait()
                except Empty:
                    return total
                one = slice(row, row + 1)
                loss = loss_of(tokens[one], documents[one], weights[one])
                loss.backward()  # type: ignore[no-untyped-call]
                total += float(loss.detach())

        if not self._warm:  # compiling in several threads at once would do the work twice
            for loss_of in self._losses:
                warming = loss_of(tokens[:1], documents[:1], weights[:1])
                warming.backward()  # type: ignore[no-untyped-call]
            self._clear()
            self._warm = True
        total = sum(self._pool.map(work, self._losses))
        self._gather()
        return total

    def _gather(self) -> None:
        model, *others = self._replicas
        for name, parameter in model.named_parameters():
            for other in others:
                theirs = other.get_parameter(name)
                if theirs.grad is not None:
                    parameter.grad = (
                        theirs.grad if parameter.grad is None else parameter.grad.add_(theirs.grad)
                    )
                    theirs.grad = None

    def _clear(self) -> None:
        for replica in self._replicas:
            replica.zero_grad(set_to_none=True)


def _replica(model: Llama) -> Llama:
    """A model with the same storage of weights and gradients of its own."""
    replica = Llama(model.shape)
    for name, parameter in replica.named_parameters():
        parameter.data = model.get_parameter(name).data
    return replica


def _weighted(model: Llama) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    def loss(tokens: Tensor, documents: Tensor, weights: Tensor) -> Tensor:
        return (token_losses(model, tokens, documents) * weights).sum()

    return loss
