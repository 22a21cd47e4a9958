"""Answers drawn word by word from whatever `transformers` loaded.

Not by its `generate`: that makes a cache of its own kind for the model to fill, and the Python
files that InternLM2's checkpoints bring were written for older kinds, so that published ones end
in an AttributeError. Here a model makes its own cache and is given back what it made.
"""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, Any

import torch
from transformers import (
    LogitsProcessorList,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from inference.engine import Sampling

    Choice = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]

TOP_K = 50  # the most likely tokens that are drawn from, as `generate` does by itself


def generate(
    model: Any,  # noqa: ANN401 - transformers is not typed
    tokens: torch.Tensor,
    mask: torch.Tensor,
    sampling: Sampling,
    ends: Collection[int],
) -> list[list[int]]:
    """What follows each row of (batch, length) tokens, padded on the left, up to one of `ends`."""
    choose = _choosing(sampling)
    final = torch.tensor(sorted(ends), dtype=torch.long, device=tokens.device)
    prompt, last = tokens.shape[1], tokens[:, -1:]
    is_over = torch.zeros(len(tokens), dtype=torch.bool, device=tokens.device)
    with torch.inference_mode():
        cache = _read(model, tokens[:, :-1], mask[:, :-1])
        for _ in range(sampling.max_tokens):
            output = model(
                input_ids=last,
                attention_mask=mask,
                position_ids=mask.sum(-1, keepdim=True) - 1,
                past_key_values=cache,
                use_cache=True,
            )
            cache = output.past_key_values
            last = choose(tokens, output.logits[:, -1].float())[:, None]
            tokens = torch.cat((tokens, last), dim=1)
            mask = torch.cat((mask, torch.ones_like(last)), dim=1)
            is_over |= torch.isin(last[:, 0], final)
            if bool(is_over.all()):
                break
    return [
        list(takewhile(lambda token: token not in ends, row)) for row in tokens[:, prompt:].tolist()
    ]


def _read(model: Any, tokens: torch.Tensor, mask: torch.Tensor) -> Any:  # noqa: ANN401
    """The cache of all but a prompt's last token.

    By the model without its head: logits of a batch of whole prompts take ten gigabytes of a 7B.
    """
    if not tokens.shape[1]:
        return None
    positions = (mask.cumsum(-1) - 1).clamp(min=0)
    return model.base_model(
        input_ids=tokens, attention_mask=mask, position_ids=positions, use_cache=True
    ).past_key_values


def _choosing(sampling: Sampling) -> Choice:
    """(batch, length) tokens and (batch, vocabulary) logits -> (batch) tokens."""
    processors: Any = LogitsProcessorList()  # typed for subclasses of Tensor that nothing makes
    if sampling.repetition_penalty != 1:
        processors.append(RepetitionPenaltyLogitsProcessor(sampling.repetition_penalty))
    if sampling.temperature <= 0:
        return lambda tokens, logits: processors(tokens, logits).argmax(-1)
    processors.append(TemperatureLogitsWarper(sampling.temperature))
    processors.append(TopKLogitsWarper(TOP_K))
    if sampling.top_p < 1:
        processors.append(TopPLogitsWarper(sampling.top_p))

    def draw(tokens: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
        chances = processors(tokens, logits).softmax(-1)
        return torch.multinomial(chances, num_samples=1)[:, 0]

    return draw
