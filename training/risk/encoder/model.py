"""The encoder in torch: BERT's layers, and heads that say level, person and axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from bot.safety.encoder.tokenizer import PAD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from training.risk.encoder.weights import Base

LEVELS = 4
PERSONS = 4
AXES = 9
OUTPUTS = LEVELS + PERSONS + AXES


class EncoderLayer(nn.Module):
    """One layer of BERT: attention and a feed-forward net, each added and normalized."""

    def __init__(self, width: int, heads: int, inner: int, epsilon: float, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))
        self.widen, self.narrow = nn.Linear(width, inner), nn.Linear(inner, width)
        self.norm_attention = nn.LayerNorm(width, eps=epsilon)
        self.norm_out = nn.LayerNorm(width, eps=epsilon)
        self.dropout = nn.Dropout(dropout)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Return the next states; `states` (batch, length, width), `mask` (batch, 1, 1, length)."""
        batch, length, width = states.shape
        shape = (batch, length, self.heads, width // self.heads)
        query, key, value = (
            part(states).view(shape).transpose(1, 2) for part in (self.query, self.key, self.value)
        )
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        mixed = self.out(mixed.transpose(1, 2).reshape(batch, length, width))
        states = self.norm_attention(states + self.dropout(mixed))
        wide = self.narrow(functional.gelu(self.widen(states)))
        normalized: Tensor = self.norm_out(states + self.dropout(wide))
        return normalized


class EncoderModel(nn.Module):
    """Reads pieces, of the message (type 0) and of what was said before it (type 1)."""

    def __init__(self, base: Base, kept: Sequence[int], layers: int, dropout: float = 0.1) -> None:
        """`kept`: the numbers of the base's pieces that this encoder knows, in its order."""
        super().__init__()
        tensors = {name: torch.from_numpy(values) for name, values in base.tensors.items()}
        width = base.width
        inner = tensors["l0.fi.b"].numel()
        words = tensors["emb.word"].view(-1, width)[list(kept)]
        self.words = _embedding(words, padding=PAD)
        positions = tensors["emb.pos"].view(-1, width)[:256]
        self.positions = _embedding(positions)
        types = tensors["emb.type"].view(-1, width)
        self.types = _embedding(types)
        self.norm = nn.LayerNorm(width, eps=base.epsilon)
        self.norm.load_state_dict({"weight": tensors["emb.ln.w"], "bias": tensors["emb.ln.b"]})
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.ModuleList(
            EncoderLayer(width, base.heads, inner, base.epsilon, dropout) for _ in range(layers)
        )
        names = {
            "query": "q", "key": "k", "value": "v", "out": "ao", "widen": "fi", "narrow": "fo",
            "norm_attention": "aln", "norm_out": "oln",
        }  # fmt: skip
        for number, layer in enumerate(self.layers):
            for ours, theirs in names.items():
                part = getattr(layer, ours)
                weight = tensors[f"l{number}.{theirs}.w"].view(part.weight.shape)
                part.load_state_dict({"weight": weight, "bias": tensors[f"l{number}.{theirs}.b"]})
        self.head = nn.Linear(2 * width, OUTPUTS)

    def forward(self, pieces: Tensor, types: Tensor) -> Tensor:
        """Return logits (batch, OUTPUTS) of `pieces` and `types`, both (batch, length) of int64."""
        is_piece = pieces != PAD
        positions = torch.arange(pieces.shape[1], device=pieces.device)
        states = self.words(pieces) + self.positions(positions)[None] + self.types(types)
        states = self.dropout(self.norm(states))
        mask = is_piece[:, None, None, :]
        for layer in self.layers:
            states = layer(states, mask)
        own = (is_piece & (types == 0)).unsqueeze(-1)
        mean = (states * own).sum(1) / own.sum(1).clamp(min=1)
        peak = states.masked_fill(~own, -1e4).amax(1)
        logits: Tensor = self.head(self.dropout(torch.cat([mean, peak], dim=1)))
        return logits


def _embedding(weights: Tensor, padding: int | None = None) -> nn.Embedding:
    """Return a tunable copy of `weights`, (entries, width); entry `padding` is never tuned."""
    entries, width = weights.shape
    embedding = nn.Embedding(entries, width, padding_idx=padding)
    embedding.load_state_dict({"weight": weights})
    return embedding
