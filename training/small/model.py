"""A Llama in plain PyTorch, laid out as Hugging Face lays it out (rotate-half, no biases)."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the model; hidden and intermediate must be multiples of 128 (TurboMind's W4A16)."""

    vocabulary: int = 8192
    hidden: int = 256
    layers: int = 4
    heads: int = 2
    intermediate: int = 768
    context: int = 512
    rope_base: float = 10_000.0
    norm_epsilon: float = 1e-5

    def __post_init__(self) -> None:
        if self.hidden % 128 or self.intermediate % 128:
            raise ValueError("hidden and intermediate sizes must be multiples of 128")
        if self.hidden != self.heads * 128:
            raise ValueError("a head has 128 channels: hidden must be heads x 128")

    @property
    def head(self) -> int:
        """Channels of one head."""
        return self.hidden // self.heads


class Attention(nn.Module):
    """Multi-head attention with rotary positions."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.q_proj = nn.Linear(shape.hidden, shape.hidden, bias=False)
        self.k_proj = nn.Linear(shape.hidden, shape.hidden, bias=False)
        self.v_proj = nn.Linear(shape.hidden, shape.hidden, bias=False)
        self.o_proj = nn.Linear(shape.hidden, shape.hidden, bias=False)

    def forward(self, x: Tensor, cosine: Tensor, sine: Tensor, mask: Tensor | None) -> Tensor:
        """(batch, length, hidden) to the same; see `Llama.forward` for the mask."""
        batch, length, hidden = x.shape
        split = (batch, length, self.shape.heads, self.shape.head)
        query = _rotate(self.q_proj(x).view(split).transpose(1, 2), cosine, sine)
        key = _rotate(self.k_proj(x).view(split).transpose(1, 2), cosine, sine)
        value = self.v_proj(x).view(split).transpose(1, 2)
        mixed = functional.scaled_dot_product_attention(
            query, key, value, attn_mask=mask, is_causal=mask is None
        )
        out: Tensor = self.o_proj(mixed.transpose(1, 2).reshape(batch, length, hidden))
        return out


class FeedForward(nn.Module):
    """SwiGLU."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(shape.hidden, shape.intermediate, bias=False)
        self.up_proj = nn.Linear(shape.hidden, shape.intermediate, bias=False)
        self.down_proj = nn.Linear(shape.intermediate, shape.hidden, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, length, hidden) to the same."""
        out: Tensor = self.down_proj(functional.silu(self.gate_proj(x)) * self.up_proj(x))
        return out


class Block(nn.Module):
    """Attention and feed-forward, each after its norm and added to the stream."""

    def __init__(self, shape: Shape, dropout: float) -> None:
        super().__init__()
        self.dropout = dropout
        self.input_layernorm = nn.RMSNorm(shape.hidden, eps=shape.norm_epsilon)
        self.self_attn = Attention(shape)
        self.post_attention_layernorm = nn.RMSNorm(shape.hidden, eps=shape.norm_epsilon)
        self.mlp = FeedForward(shape)

    def forward(self, x: Tensor, cosine: Tensor, sine: Tensor, mask: Tensor | None) -> Tensor:
        """(batch, length, hidden) to the same; see `Llama.forward` for the mask."""
        x = x + self._dropped(self.self_attn(self.input_layernorm(x), cosine, sine, mask))
        return x + self._dropped(self.mlp(self.post_attention_layernorm(x)))

    def _dropped(self, x: Tensor) -> Tensor:
        return functional.dropout(x, self.dropout) if self.dropout and self.training else x


class Llama(nn.Module):
    """Token ids of shape (batch, length) to logits of shape (batch, length, vocabulary)."""

    cosine: Tensor
    sine: Tensor

    def __init__(self, shape: Shape, dropout: float = 0.0) -> None:
        """`dropout` is the share of what a block adds that training leaves out."""
        super().__init__()
        self.shape = shape
        self.dropout = dropout
        self.embed_tokens = nn.Embedding(shape.vocabulary, shape.hidden)
        self.layers = nn.ModuleList(Block(shape, dropout) for _ in range(shape.layers))
        self.norm = nn.RMSNorm(shape.hidden, eps=shape.norm_epsilon)
        cosine, sine = _rotary_tables(shape)
        self.register_buffer("cosine", cosine, persistent=False)
        self.register_buffer("sine", sine, persistent=False)
        self._initialize()

    def _initialize(self) -> None:
        nn.init.normal_(self.embed_tokens.weight, std=0.02)
        for name, parameter in self.named_parameters():
            if name.endswith(("o_proj.weight", "down_proj.weight")):
                nn.init.zeros_(parameter)  # every block starts as the identity
            elif parameter.ndim == 2 and "embed" not in name:
                nn.init.normal_(parameter, std=parameter.shape[1] ** -0.5)

    def forward(self, tokens: Tensor, mask: Tensor | None = None) -> Tensor:
        """`mask` is boolean, (batch, 1, length, length), True = may look; None is plain causal."""
        length = tokens.shape[1]
        cosine, sine = self.cosine[:length], self.sine[:length]
        x = self.embed_tokens(tokens)
        for block in self.layers:
            x = block(x, cosine, sine, mask)
        return functional.linear(self.norm(x), self.embed_tokens.weight)


def document_mask(documents: Tensor) -> Tensor:
    """Causal attention inside each document of packed rows: (batch, length) to a boolean mask."""
    same = documents[:, None, :, None] == documents[:, None, None, :]
    return same & torch.ones(same.shape[-2:], dtype=torch.bool, device=same.device).tril()


def token_losses(model: Llama, tokens: Tensor, documents: Tensor) -> Tensor:
    """Nats of every next token of packed rows: (rows, length) to (rows, length - 1)."""
    logits = model(tokens, document_mask(documents))[:, :-1]
    flat = functional.cross_entropy(
        logits.reshape(-1, logits.shape[-1]).float(), tokens[:, 1:].reshape(-1), reduction="none"
    )
    return flat.view(tokens.shape[0], -1)


def _rotary_tables(shape: Shape) -> tuple[Tensor, Tensor]:
    exponents = torch.arange(0, shape.head, 2, dtype=torch.float64) / shape.head
    angles = torch.outer(
        torch.arange(shape.context, dtype=torch.float64), shape.rope_base**-exponents
    )
    doubled = torch.cat((angles, angles), dim=-1)
    return doubled.cos().float(), doubled.sin().float()


def _rotate(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    left, right = x.chunk(2, dim=-1)
    return x * cosine + torch.cat((-right, left), dim=-1) * sine


CHECKPOINT_FILE = "checkpoint.pt"


@dataclass(frozen=True, slots=True)
class Trained:
    """The model of a checkpoint and how far its training had come."""

    model: Llama
    steps: int
    tokens: int
    seconds: float


def load_trained(out: Path, *, averaged: bool) -> Trained:
    """The model in the run folder `out`, with its last weights or with their running mean.

    FileNotFoundError where training has not begun.
    """
    checkpoint = torch.load(out / CHECKPOINT_FILE, weights_only=True, map_location="cpu")
    model = Llama(Shape(**checkpoint["shape"]))
    model.load_state_dict(checkpoint["model"])
    if averaged:
        with torch.no_grad():
            for parameter, mean in zip(model.parameters(), checkpoint["average"], strict=True):
                parameter.copy_(mean)
    return Trained(model.eval(), checkpoint["step"], checkpoint["tokens"], checkpoint["elapsed"])


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
