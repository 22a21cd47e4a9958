"""Gradients of one batch: on a GPU part after part, on a CPU by workers that share the parts."""

from __future__ import annotations

from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Protocol

import torch

from training.small.model import Llama, token_losses
from training.small.sequences import CLIENT, COUNSELOR

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from torch import Tensor

    Weighted = Callable[[Tensor, Tensor, Tensor], Tensor]


class Gradients(Protocol):
    """Adds the gradients of a batch's loss to the model's parameters."""

    def add(self, tokens: Tensor, kinds: Tensor, documents: Tensor, client_weight: float) -> float:
        """The batch's loss in nats per weighted token; the model's `.grad` holds the gradients.

        All tensors are (rows, length); a counselor token weighs one.
        """
        ...


class WholeBatch:
    """The gradients of a GPU: some rows at a time, in bfloat16 where that is asked for."""

    def __init__(self, model: Llama, *, rows_at_once: int, bfloat16: bool, compiled: bool) -> None:
        loss = _weighted(model)
        self._loss: Weighted = torch.compile(loss, dynamic=False) if compiled else loss
        self._device = next(model.parameters()).device
        self._rows_at_once = rows_at_once
        self._bfloat16 = bfloat16

    def add(self, tokens: Tensor, kinds: Tensor, documents: Tensor, client_weight: float) -> float:
        """See `Gradients.add`."""
        weights = _weights(kinds, client_weight)
        total = torch.zeros((), device=self._device)
        for start in range(0, len(tokens), self._rows_at_once):
            rows = slice(start, start + self._rows_at_once)
            given = (x[rows].to(self._device) for x in (tokens, documents, weights))
            with torch.autocast(self._device.type, torch.bfloat16, enabled=self._bfloat16):
                loss = self._loss(*given)
            loss.backward()  # type: ignore[no-untyped-call]
            total += loss.detach()
        return float(total)


class RowWorkers:
    """The gradients of a CPU: every worker has a thread of its own and computes on it alone.

    Threads that share each operation, as PyTorch's do, all wait for the slowest at every one of
    them; on a machine with other work to do that cost two thirds of the speed. Here they wait for
    each other once a step.
    """

    def __init__(
        self, model: Llama, pool: Executor, workers: int, *, rows_at_once: int, compiled: bool
    ) -> None:
        self._replicas = [model, *(_replica(model) for _ in range(workers - 1))]
        losses = map(_weighted, self._replicas)
        self._losses: list[Weighted] = [
            torch.compile(one, dynamic=False) if compiled else one for one in losses
        ]
        self._rows_at_once = rows_at_once
        self._pool = pool
        self._cold = compiled
        self._warm: set[int] = set()

    def add(self, tokens: Tensor, kinds: Tensor, documents: Tensor, client_weight: float) -> float:
        """See `Gradients.add`."""
        weights = _weights(kinds, client_weight)
        parts: SimpleQueue[slice] = SimpleQueue()
        for start in range(0, len(tokens), self._rows_at_once):
            parts.put(slice(start, start + self._rows_at_once))

        def work(loss_of: Weighted) -> float:
            total = 0.0
            while True:
                try:
                    part = parts.get_nowait()
                except Empty:
                    return total
                loss = loss_of(tokens[part], documents[part], weights[part])
                loss.backward()  # type: ignore[no-untyped-call]
                total += float(loss.detach())

        if self._cold and tokens.shape[1] not in self._warm:
            self._warm_up(*(x[: self._rows_at_once] for x in (tokens, documents, weights)))
        total = sum(self._pool.map(work, self._losses))
        self._gather()
        return total

    def _warm_up(self, tokens: Tensor, documents: Tensor, weights: Tensor) -> None:
        """Compile for rows of this length; in several threads at once the work would be doubled."""
        for loss_of in self._losses:
            loss_of(tokens, documents, weights).backward()  # type: ignore[no-untyped-call]
        for replica in self._replicas:
            replica.zero_grad(set_to_none=True)
        self._warm.add(tokens.shape[1])

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


def _weights(kinds: Tensor, client_weight: float) -> Tensor:
    """What each target counts in the batch's loss; they add up to one."""
    targets = kinds[:, 1:]
    weights = (targets == COUNSELOR).float() + client_weight * (targets == CLIENT).float()
    return weights / weights.sum()


def _replica(model: Llama) -> Llama:
    """A model with the same storage of weights and gradients of its own."""
    replica = Llama(model.shape, model.dropout)
    for name, parameter in replica.named_parameters():
        parameter.data = model.get_parameter(name).data
    return replica


def _weighted(model: Llama) -> Weighted:
    def loss(tokens: Tensor, documents: Tensor, weights: Tensor) -> Tensor:
        return (token_losses(model, tokens, documents) * weights).sum()

    return loss
