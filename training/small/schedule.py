"""What changes while training goes on, as functions of the spent share of the budget."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Schedule:
    """Warm-up, a constant rate, and a decay to zero that tunes.

    While the rate is constant both sides of the base set are trained on, because the clients' half
    teaches the language too. The decay is where a model settles, so that is when it sees the tune
    set and learns the counselor's side.
    """

    warm_up_steps: int = 40
    decay_from: float = 0.7
    tune_client_weight: float = 0.1
    """Weight of a client's token while tuning; everything else weighs one."""

    def learning_rate(self, step: int, progress: float) -> float:
        """Factor of the full learning rate; `progress` is 0 at the start and 1 at the end."""
        warm_up = min(1.0, (step + 1) / self.warm_up_steps)
        left = max(0.0, 1.0 - progress)
        return warm_up * min(1.0, left / (1.0 - self.decay_from))

    def tunes(self, progress: float) -> bool:
        """Whether it is the tune set's turn."""
        return progress >= self.decay_from

    def client_weight(self, progress: float) -> float:
        """Weight of a client token in the loss; a counselor token weighs one."""
        return self.tune_client_weight if self.tunes(progress) else 1.0
