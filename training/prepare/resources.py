"""Where `prepare` may run beside its own processes, and what it may take there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MAX_TASKS: Final = 64
"""Unless more are asked for."""


class Executor(StrEnum):
    """Where the pipelines run."""

    LOCAL = "local"
    SLURM = "slurm"
    RAY = "ray"


@dataclass(frozen=True, slots=True)
class Resources:
    """What the executor may take."""

    workers: int = 2
    """Tasks at once."""
    tasks: int | None = None
    """Into how many the work is cut; None: one a file, `MAX_TASKS` at most."""
    memory_gb: int = 2
    """Of each task, reserved from Slurm or Ray."""
    partition: str = ""
    """Slurm's."""
    time: str = "04:00:00"
    """Slurm's limit of one task."""
