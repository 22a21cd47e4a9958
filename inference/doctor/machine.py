"""What the machine brings: driver, GPUs, packages, memory."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from enum import Enum
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from inference.serve.gpus import MIN_COMPUTE_CAPABILITY, NoDriver, visible_gpus
from inference.serve.memory import GIB

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MIN_DRIVERS: Final = {12: 525, 13: 580}
"""CUDA's version -> the first driver that runs programs made with it."""

TURBOMIND_CUDA: Final = 12
"""What LMDeploy's packages are made with; PyTorch's may be made with a newer one."""

PACKAGES: Final = {"lmdeploy": "0.18.0", "transformers": "4.56", "torch": ""}
"""What the extra `inference` wants: this version, or this one and newer; empty for any."""

MAX_TORCH: Final = (2, 12)
"""LMDeploy 0.18's own limit."""

INSTALL: Final = "pip install --editable '.[inference]' in an environment of its own"


class LineStatus(Enum):
    """How a line begins."""

    GOOD = "ok  "
    NOTE = "note"
    BAD = "FIX "


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the page."""

    status: LineStatus
    area: str
    what: str
    fix: str = ""


def good(area: str, what: str) -> Line:
    """Nothing to do."""
    return Line(LineStatus.GOOD, area, what)


def note(area: str, what: str, fix: str) -> Line:
    """Worth knowing."""
    return Line(LineStatus.NOTE, area, what, fix)


def bad(area: str, what: str, fix: str) -> Line:
    """Serving will not work like this."""
    return Line(LineStatus.BAD, area, what, fix)


def torch_cuda() -> int | None:
    """CUDA's major version that PyTorch is made with; None where there is none.

    Read from its files: importing it takes seconds.
    """
    found = find_spec("torch")
    if found is None or found.origin is None:
        return None
    try:
        text = Path(found.origin).with_name("version.py").read_text(encoding="utf-8")
    except OSError:
        return None
    told = re.search(r"^cuda\b[^=]*= *['\"](\d+)", text, re.MULTILINE)
    return int(told.group(1)) if told else None


def look_at_gpus(
    query: Callable[[], str] | None = None, torch_cuda: Callable[[], int | None] = torch_cuda
) -> Iterator[Line]:
    """Driver, the CUDA it has to run, and GPUs."""
    try:
        gpus = visible_gpus(query)
    except NoDriver as missing:
        yield bad(
            "driver", str(missing),
            "install NVIDIA's driver on a machine with a GPU; in a container also the NVIDIA "
            "Container Toolkit and --gpus all",
        )  # fmt: skip
        return
    if not gpus:
        yield bad("GPUs", "no GPU is visible", "look at CUDA_VISIBLE_DEVICES")
        return
    driver = gpus[0].driver
    cuda = max(torch_cuda() or TURBOMIND_CUDA, TURBOMIND_CUDA)
    oldest = MIN_DRIVERS.get(cuda, 0)
    what = f"version {driver}, for packages made with CUDA {cuda}"
    if driver.split(".")[0].isdecimal() and int(driver.split(".")[0]) < oldest:
        yield bad(
            "driver", what,
            f"install {oldest} or newer"
            + (", or a build of torch for an older CUDA" if cuda > TURBOMIND_CUDA else ""),
        )  # fmt: skip
    else:
        yield good("driver", what)
    for number, gpu in enumerate(gpus):
        capability = ".".join(map(str, gpu.capability))
        what = (
            f"GPU {number}: {gpu.name}, {gpu.free / GIB:.1f} of {gpu.total / GIB:.1f} GiB free, "
            f"compute capability {capability}"
        )
        if gpu.capability < MIN_COMPUTE_CAPABILITY:
            yield bad("GPUs", what, "TurboMind needs 7.0 or more: a V100, T4 or newer")
        elif gpu.free < gpu.total * 0.8:
            yield note("GPUs", what, "something else uses it: see nvidia-smi")
        else:
            yield good("GPUs", what)


def look_at_packages(installed: Callable[[str], str] = version) -> Iterator[Line]:
    """Versions, without importing what takes seconds to import."""
    for name, wanted in PACKAGES.items():
        try:
            found = installed(name)
        except PackageNotFoundError:
            yield bad("packages", f"{name} is not installed", INSTALL)
            continue
        what = f"{name} {found}"
        if name == "lmdeploy" and found != wanted:
            yield note("packages", what, f"this project was tried with {wanted}")
        elif name == "transformers" and not (_numbers(wanted) <= _numbers(found) < (5,)):
            yield bad("packages", what, f"{INSTALL}: LMDeploy wants {wanted} or newer, below 5")
        elif name == "torch" and found.endswith("+cpu"):
            yield bad(
                "packages", f"{what} is a build without CUDA", f"uninstall it, then {INSTALL}"
            )
        elif name == "torch" and _numbers(found)[:2] > MAX_TORCH:
            yield note("packages", what, "LMDeploy 0.18 asks for 2.12 or older")
        else:
            yield good("packages", what)


def look_at_memory(folder: Path) -> Iterator[Line]:
    """RAM, through which the weights go, and the disk they lie on."""
    ram = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    what = f"{ram / GIB:.0f} GiB of memory"
    if ram < 8 * GIB:
        yield note("memory", what, "loading a 7B wants about 16 GiB, or swap")
    else:
        yield good("memory", what)
    free = shutil.disk_usage(folder).free
    what = f"{free / GIB:.0f} GiB free on the disk of {folder}"
    if free < 20 * GIB:
        yield note("memory", what, "a 7B takes 14.4 GiB in fp16 and 4.8 GiB in W4A16")
    else:
        yield good("memory", what)


def _numbers(text: str) -> tuple[int, ...]:
    release, _, _ = text.partition("+")
    return tuple(int(part) for part in release.split(".") if part.isdecimal())
