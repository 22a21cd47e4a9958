"""A running mean of the weights, which is less noisy than the weights of any one step."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor, nn


class Average:
    """The exponential moving average of a model's parameters.

    Early on it forgets faster than `decay` says, so that the first weights do not linger.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self._model = model
        self._decay = decay
        self._weights = [parameter.detach().clone() for parameter in model.parameters()]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after `step` steps."""
        decay = min(self._decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self._weights, list(self._model.parameters()), 1 - decay)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The model has the averaged weights inside of the block."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    @torch.no_grad()
    def _swap(self) -> None:
        for mine, parameter in zip(self._weights, self._model.parameters(), strict=True):
            kept = parameter.clone()
            parameter.copy_(mine)
            mine.copy_(kept)

    def state_dict(self) -> list[Tensor]:
        """The averaged weights, in the order of the model's parameters."""
        return self._weights

    @torch.no_grad()
    def load_state_dict(self, weights: list[Tensor]) -> None:
        """Take up the weights of a checkpoint."""
        for mine, theirs in zip(self._weights, weights, strict=True):
            mine.copy_(theirs)
