"""What a model thinks of whole answers and dialogues, in nats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from training.corpora.dialogue import Dialogue, Role, Turn
from training.corpora.openings import opening_key
from training.small.model import Llama, token_losses
from training.small.sequences import CLIENT, COUNSELOR, DialogueEncoder, Packed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tokenizers import Tokenizer

    from training.small.model import Llama


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


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and the bounds it lies within in 95 of 100 draws of the opening groups."""

    mean: float
    low: float
    high: float


class Reader:
    """Reads dialogues with one model."""

    def __init__(self, model: Llama, tokenizer: Tokenizer) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._encoder = DialogueEncoder(tokenizer, model.shape.context)

    @torch.no_grad()
    def loss(self, dialogue: Dialogue) -> HeldOutLoss:
        """Of every turn, by who speaks; long dialogues are cut into windows as in training."""
        found = {kind: TokenLoss(0.0, 0, 0) for kind in (CLIENT, COUNSELOR)}
        for window in self._encoder.windows(dialogue):
            tokens = torch.tensor([window.tokens])
            nats = token_losses(self._model, tokens, torch.ones_like(tokens))[0].numpy()
            targets, kinds = np.array(window.tokens[1:]), np.array(window.kinds[1:])
            for kind in found:
                mine = kinds == kind
                text = self._tokenizer.decode(targets[mine].tolist(), skip_special_tokens=True)
                found[kind] += TokenLoss(float(nats[mine].sum()), int(mine.sum()), len(text))
        return HeldOutLoss(client=found[CLIENT], counselor=found[COUNSELOR])

    def of_answer(self, said: str, answer: str) -> float:
        """Log-likelihood, in nats, of an answer to a first message."""
        turns = (Turn(Role.CLIENT, said), Turn(Role.COUNSELOR, answer))
        return -self.loss(Dialogue("", "", turns)).counselor.nats


def by_opening_group(losses: Iterable[tuple[Dialogue, TokenLoss]]) -> dict[str, TokenLoss]:
    """The losses of dialogues summed by the question that they begin with."""
    groups: dict[str, TokenLoss] = {}
    for dialogue, loss in losses:
        key = opening_key(dialogue)
        groups[key] = groups[key] + loss if key in groups else loss
    return groups


def interval(groups: Mapping[str, TokenLoss], seed: int = 1, draws: int = 1000) -> Interval:
    """Nats a character over all groups, with bounds from drawing whole groups again and again."""
    nats = np.array([loss.nats for loss in groups.values()])
    characters = np.array([loss.characters for loss in groups.values()])
    drawn = np.random.default_rng(seed).integers(0, len(nats), (draws, len(nats)))
    means = nats[drawn].sum(axis=1) / characters[drawn].sum(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return Interval(
        round(float(nats.sum() / characters.sum()), 4), round(float(low), 4), round(float(high), 4)
    )
