"""Whether this machine has what a rebuild takes, said before it begins."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from inference.console import CommandError
from inference.serve.gpus import NoDriver, visible_gpus
from inference.serve.memory import GIB
from training.pipeline.stage import FOLDERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from training.pipeline.budget import Budget, Part


@dataclass(frozen=True, slots=True)
class Machine:
    """What is free, in bytes; None where it cannot be asked."""

    gpus: tuple[int, ...]
    """Of each GPU; none: training runs on the CPU."""
    memory: int | None
    disk: int
    lying: Mapping[str, int] = field(default_factory=dict)
    """What the working folder holds already, by the names in it."""


def look(work: Path) -> Machine:
    """Ask nvidia-smi, Linux and the disk of the working folder."""
    try:
        gpus = tuple(gpu.free for gpu in visible_gpus())
    except NoDriver:
        gpus = ()
    place = next(folder for folder in (work, *work.absolute().parents) if folder.exists())
    lying: Counter[str] = Counter()
    for file in work.rglob("*"):
        if file.is_file():
            lying[file.relative_to(work).parts[0]] += file.stat().st_size
    return Machine(gpus, _available(), shutil.disk_usage(place).free, lying)


def check(budget: Budget, machine: Machine, gpus: int, say: Callable[[str], None]) -> None:
    """Show the arithmetic; raises CommandError where something is not enough.

    `budget` is that of the stages that are to be made. `gpus` are those of this machine that
    training uses; 0 is the CPU, whose memory then holds what a GPU would.
    """
    for line in lines(budget, machine, gpus):
        say(line)
    lacks = list(_lacks(budget, machine, gpus))
    if lacks:
        raise CommandError(
            "Not begun: " + "; ".join(lacks) + ". --no-preflight begins all the same."
        )


def lines(budget: Budget, machine: Machine, gpus: int) -> Iterator[str]:
    """The arithmetic, a part a line."""
    where = "on each GPU, while training" if gpus else "in memory, while training on the CPU"
    free = min(machine.gpus[:gpus], default=None) if gpus else machine.memory
    yield from _table(where, budget.gpu, budget.on_a_gpu, free)
    yield from _table(
        "in memory; the largest counts", budget.memory, budget.in_memory, machine.memory
    )
    missing = _missing(budget, machine)
    yield from _table("free on disk", budget.disk, missing, machine.disk)


def _missing(budget: Budget, machine: Machine) -> int:
    """Bytes that have to be free: an old result goes only when the new one beside it is whole."""
    most = more = 0
    for part in budget.disk:
        folder = FOLDERS[part.what]
        new = max(0, part.size - machine.lying.get(f".{folder}.draft", 0))
        most = max(most, more + new)
        more += new - min(part.size, machine.lying.get(folder, 0))
    return most


def _table(where: str, parts: Sequence[Part], total: int, free: int | None) -> Iterator[str]:
    if not parts:
        return
    there = "" if free is None else f", {_gib(free)} there"
    yield f"{where}: {_gib(total)}{there}"
    for part in parts:
        yield f"    {_gib(part.size):>12}  {part.what}: {part.how}"


def _lacks(budget: Budget, machine: Machine, gpus: int) -> Iterator[str]:
    if len(machine.gpus) < gpus:
        yield f"{gpus} GPUs are asked for and {len(machine.gpus)} are here"
    elif gpus and (free := min(machine.gpus[:gpus])) < budget.on_a_gpu:
        yield (
            f"training takes {_gib(budget.on_a_gpu)} on each GPU and {_gib(free)} are free "
            "(a smaller batch_size with larger accumulative_counts takes less)"
        )
    in_memory = budget.in_memory if gpus else max(budget.in_memory, budget.on_a_gpu)
    if machine.memory is not None and machine.memory < in_memory:
        yield f"it takes {_gib(in_memory)} of memory and {_gib(machine.memory)} are free"
    missing = _missing(budget, machine)
    if machine.disk < missing:
        yield f"it takes {_gib(missing)} more on disk and {_gib(machine.disk)} are free"


def _available() -> int | None:
    try:
        content = Path("/proc/meminfo").read_text(encoding="ascii")
        rows = dict(line.split(":", 1) for line in content.splitlines())
        return int(rows["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return None


def _gib(size: int) -> str:
    return f"{size / GIB:,.1f} GiB" if size >= 0.1 * GIB else f"{size / 2**20:,.1f} MiB"
