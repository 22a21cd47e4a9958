"""The NVIDIA cards of this machine, as nvidia-smi tells them."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MIB: Final = 2**20
OLDEST: Final = (7, 0)
"""Compute capability that TurboMind's kernels start at (V100)."""

_FIELDS: Final = "index,uuid,name,memory.total,memory.free,compute_cap,driver_version"
_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Card:
    """One GPU."""

    index: int
    uuid: str
    name: str
    total: int
    """Bytes."""
    free: int
    """Bytes."""
    capability: tuple[int, int]
    driver: str


class NoDriver(Exception):
    """nvidia-smi is missing or cannot talk to the driver; the message says which."""


def visible_cards(query: Callable[[], str] | None = None) -> list[Card]:
    """The cards this process may use, in the order CUDA counts them.

    `query` gives nvidia-smi's lines. Raises `NoDriver` where it cannot be asked.
    """
    cards = [_card(line) for line in (query or nvidia_smi)().splitlines() if line.strip()]
    return _visible(cards, os.environ.get("CUDA_VISIBLE_DEVICES"))


def nvidia_smi() -> str:
    """One line of comma-separated values for each card; raises `NoDriver`."""
    program = shutil.which("nvidia-smi")
    if program is None:
        raise NoDriver("nvidia-smi is not installed, so there is no NVIDIA driver here")
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command
            [program, f"--query-gpu={_FIELDS}", "--format=csv,noheader,nounits"],
            capture_output=True, text=True, timeout=_SECONDS, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        raise NoDriver("nvidia-smi does not answer") from None
    if done.returncode:
        raise NoDriver("nvidia-smi cannot talk to the NVIDIA driver")
    return done.stdout


def _card(line: str) -> Card:
    try:
        index, uuid, name, total, free, capability, driver = (p.strip() for p in line.split(","))
        major, minor = capability.split(".")
        return Card(
            int(index), uuid, name, int(total) * MIB, int(free) * MIB, (int(major), int(minor)),
            driver,
        )  # fmt: skip
    except ValueError:
        raise NoDriver("nvidia-smi says something that cannot be read") from None


def _visible(cards: Sequence[Card], wanted: str | None) -> list[Card]:
    """What CUDA_VISIBLE_DEVICES leaves: like CUDA, up to the first name that is no card."""
    if wanted is None:
        return list(cards)
    chosen: list[Card] = []
    for name in filter(None, (part.strip() for part in wanted.split(","))):
        named = [c for c in cards if name == str(c.index) or c.uuid.startswith(name)]
        if len(named) != 1:
            break
        chosen += named
    return chosen
