"""Reading a finished or running training's checkpoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from training.small.model import Llama, Shape

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME = "checkpoint.pt"


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
    checkpoint = torch.load(out / FILE_NAME, weights_only=True, map_location="cpu")
    model = Llama(Shape(**checkpoint["shape"]))
    model.load_state_dict(checkpoint["model"])
    if averaged:
        with torch.no_grad():
            for parameter, mean in zip(model.parameters(), checkpoint["average"], strict=True):
                parameter.copy_(mean)
    return Trained(model.eval(), checkpoint["step"], checkpoint["tokens"], checkpoint["elapsed"])
