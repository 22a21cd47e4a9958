"""How the model's context window is shared between a prompt and its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inference.engine import ModelInfo, Sampling


@dataclass(frozen=True, slots=True)
class TokenBudget:
    """Tokens that a prompt, as they are estimated, and its answer may have."""

    prompt: int
    answer: int


def share_window(model: ModelInfo, tuned: Sampling, max_answer_tokens: int) -> TokenBudget:
    """Share the window of a model whose engine brings the sampling `tuned`.

    A small window is shared half and half; a large one leaves the answer what it may need.
    """
    window = model.context_window
    answer = min(max_answer_tokens, window // 2)
    if model.is_trial:  # it loses the thread long before the operator's limit
        answer = min(answer, tuned.max_tokens)
    # A thirty-second of the window for what the estimate of tokens has too little.
    return TokenBudget(prompt=window - answer - window // 32, answer=answer)
