"""What changes while training goes on, as functions of the spent share of the time budget."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Schedule:
    """Warm-up over steps, then a constant rate, then a linear decay to zero.

    The clients' side teaches the language; towards the end the counselor's side is what counts, so
    the weight of client tokens falls from one to `final_client_weight`.
    """

    warm_up_steps: int = 40
    decay_from: float = 0.4
    client_decay_from: float = 0.6
    final_client_weight: float = 0.2

    def learning_rate(self, step: int, progress: float) -> float:
        """Factor of the full learning rate; `progress` is 0 at the start and 1 at the end."""
        warm_up = min(1.0, (step + 1) / self.warm_up_steps)
        return warm_up * min(1.0, _left(progress) / (1.0 - self.decay_from))

    def client_weight(self, progress: float) -> float:
        """Weight of a client token in the loss; a counselor token weighs one."""
        left = min(1.0, _left(progress) / (1.0 - self.client_decay_from))
        return self.final_client_weight + (1.0 - self.final_client_weight) * left


def _left(progress: float) -> float:
    return max(0.0, 1.0 - progress)
