"""The NVIDIA GPUs of this machine, as nvidia-smi tells them."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MIB: Final = 2**20
MIN_COMPUTE_CAPABILITY: Final = (7, 0)
"""Compute capability that TurboMind's kernels start at (V100)."""

_FIELDS: Final = "index,uuid,name,memory.total,memory.free,compute_cap,driver_version"
_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Gpu:
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


def visible_gpus(query: Callable[[], str] | None = None) -> list[Gpu]:
    """The GPUs this process may use, in the order CUDA counts them.

    `query` gives nvidia-smi's lines. Raises `NoDriver` where it cannot be asked.
    """
    gpus = [_gpu(line) for line in (query or nvidia_smi)().splitlines() if line.strip()]
    return _visible(gpus, os.environ.get("CUDA_VISIBLE_DEVICES"))


def nvidia_smi() -> str:
    """One line of comma-separated values for each GPU; raises `NoDriver`."""
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


def _gpu(line: str) -> Gpu:
    try:
        index, uuid, name, total, free, capability, driver = (p.strip() for p in line.split(","))
        major, minor = capability.split(".")
        return Gpu(
            int(index), uuid, name, int(total) * MIB, int(free) * MIB, (int(major), int(minor)),
            driver,
        )  # fmt: skip
    except ValueError:
        raise NoDriver("nvidia-smi says something that cannot be read") from None


def _visible(gpus: Sequence[Gpu], wanted: str | None) -> list[Gpu]:
    """What CUDA_VISIBLE_DEVICES leaves: like CUDA, up to the first name that is no GPU."""
    if wanted is None:
        return list(gpus)
    chosen: list[Gpu] = []
    for name in filter(None, (part.strip() for part in wanted.split(","))):
        named = [gpu for gpu in gpus if name == str(gpu.index) or gpu.uuid.startswith(name)]
        if len(named) != 1:
            break
        chosen += named
    return chosen
