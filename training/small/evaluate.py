"""Held-out loss by who speaks, per token and per character."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from training.small.model import Llama, token_losses
from training.small.sequences import CLIENT, COUNSELOR, Packed

if TYPE_CHECKING:
    from tokenizers import Tokenizer


@dataclass(frozen=True, slots=True)
class TokenLoss:
    """Summed nats of one side's tokens, turn ends included, with what they are divided by."""

    nats: float
    tokens: int
    characters: int
    """Of the decoded text; turn ends are none."""

    @property
    def per_token(self) -> float:
        """Nats per token."""
        return self.nats / max(1, self.tokens)

    @property
    def per_character(self) -> float:
        """Nats per character."""
        return self.nats / max(1, self.characters)

    def __add__(self, other: TokenLoss) -> TokenLoss:
        return TokenLoss(
            self.nats + other.nats,
            self.tokens + other.tokens,
            self.characters + other.characters,
        )


@dataclass(frozen=True, slots=True)
class HeldOutLoss:
    """Loss on the client's and on the counselor's side."""

    client: TokenLoss
    counselor: TokenLoss

    @property
    def both(self) -> TokenLoss:
        """Both sides together."""
        return self.client + self.counselor


@torch.no_grad()
def held_out_loss(
    model: Llama, packed: Packed, tokenizer: Tokenizer, rows: int | None = None, batch: int = 8
) -> HeldOutLoss:
    """Loss on the first `rows` rows (None: all)."""
    device = next(model.parameters()).device
    total = {kind: TokenLoss(0.0, 0, 0) for kind in (CLIENT, COUNSELOR)}
    count = len(packed.tokens) if rows is None else min(rows, len(packed.tokens))
    for start in range(0, count, batch):
        chosen = slice(start, min(start + batch, count))
        targets, kinds = packed.tokens[chosen, 1:], packed.kinds[chosen, 1:]
        losses = token_losses(
            model,
            torch.from_numpy(packed.tokens[chosen].astype(np.int64)).to(device),
            torch.from_numpy(packed.documents[chosen]).to(device),
        )
        nats = losses.cpu().numpy()
        for kind in total:
            mine = kinds == kind
            text = tokenizer.decode(targets[mine].tolist(), skip_special_tokens=True)
            total[kind] += TokenLoss(float(nats[mine].sum()), int(mine.sum()), len(text))
    return HeldOutLoss(client=total[CLIENT], counselor=total[COUNSELOR])
