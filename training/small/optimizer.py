"""Muon for the matrices, AdamW for the rest.

Muon (Keller Jordan, 2024): momentum whose update is replaced by its nearest orthogonal matrix,
found by five Newton-Schulz steps. Matrices of one shape are orthogonalized some at a time.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Iterable
    from concurrent.futures import Executor

_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
_STACKED = 5


def orthogonalize(matrices: Tensor, steps: int = 5) -> Tensor:
    """Push all singular values of a stack (count, rows, columns) towards one."""
    a, b, c = _NEWTON_SCHULZ
    # bfloat16 is precise enough for it and many times as fast on a GPU; on most CPUs it is slower.
    x: Tensor = matrices.bfloat16() if matrices.is_cuda else matrices
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    tall = x.shape[1] > x.shape[2]
    x = x.mT if tall else x
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.mT if tall else x).to(matrices.dtype)


class Muon(torch.optim.Optimizer):
    """Orthogonalized Nesterov momentum; the rate is the size of an update's singular values."""

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        lr: float,
        momentum: float,
        weight_decay: float,
        pool: Executor,
    ) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "decay": weight_decay})
        self._pool = pool

    def step(self, closure: None = None) -> None:  # type: ignore[override]  # noqa: ARG002
        """Update every matrix that has a gradient; `pool`'s threads share the work."""
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[nn.Parameter]] = {}
            for parameter in group["params"]:
                if parameter.grad is not None:
                    by_shape.setdefault(parameter.shape, []).append(parameter)
            stacks = [
                parameters[start : start + _STACKED]
                for parameters in by_shape.values()
                for start in range(0, len(parameters), _STACKED)
            ]
            list(self._pool.map(partial(self._update, group), stacks))

    @torch.no_grad()
    def _update(self, group: dict[str, Any], parameters: list[nn.Parameter]) -> None:
        rows, columns = parameters[0].shape
        scale = group["lr"] * max(1.0, rows / columns) ** 0.5
        stack = torch.stack([self._momentum(p, group["momentum"]) for p in parameters])
        for parameter, update in zip(parameters, orthogonalize(stack), strict=True):
            parameter.mul_(1 - group["lr"] * group["decay"])
            parameter.sub_(update, alpha=scale)

    def _momentum(self, parameter: nn.Parameter, momentum: float) -> Tensor:
        gradient = cast("Tensor", parameter.grad)
        state = self.state[parameter]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(parameter)
        state["momentum"].lerp_(gradient, 1 - momentum)
        update: Tensor = gradient.lerp(state["momentum"], momentum)
        return update


class Optimizers:
    """Both optimizers behind one step, with learning rates scaled by a common factor."""

    def __init__(
        self,
        model: nn.Module,
        pool: Executor,
        *,
        matrix_lr: float,
        embedding_lr: float,
        weight_decay: float,
    ) -> None:
        named = list(model.named_parameters())
        embeddings = [p for name, p in named if "embed" in name]
        gains = [p for _, p in named if p.ndim < 2]
        matrices = [p for name, p in named if p.ndim == 2 and "embed" not in name]
        self._all: tuple[torch.optim.Optimizer, ...] = (
            Muon(matrices, matrix_lr, 0.95, weight_decay, pool),
            torch.optim.AdamW(
                [{"params": embeddings, "lr": embedding_lr}, {"params": gains, "lr": embedding_lr}],
                betas=(0.9, 0.95),
                weight_decay=0.0,
            ),
        )
        self._base = [[float(group["lr"]) for group in o.param_groups] for o in self._all]

    def step(self, factor: float) -> None:
        """One update at `factor` times the full learning rates; clears the gradients."""
        for optimizer, rates in zip(self._all, self._base, strict=True):
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * factor
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

    def state_dict(self) -> list[dict[str, Any]]:
        """The state of both, for a checkpoint."""
        return [optimizer.state_dict() for optimizer in self._all]

    def load_state_dict(self, states: list[dict[str, Any]]) -> None:
        """Take up the state of a checkpoint."""
        for optimizer, state in zip(self._all, states, strict=True):
            optimizer.load_state_dict(state)
