"""What the doctor says of a machine, line by line."""

from __future__ import annotations

import sys
import tomllib
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from inference.doctor.machine import (
    PACKAGES,
    Line,
    LineStatus,
    look_at_gpus,
    look_at_memory,
    look_at_packages,
    torch_cuda,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

GOOD = "0, GPU-a, NVIDIA L4, 23034, 22500, 8.9, 570.86.15\n"


@pytest.fixture(autouse=True)
def _all_visible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def statuses(lines: Iterator[Line]) -> dict[str, LineStatus]:
    return {line.what.split(":")[0]: line.status for line in lines}


@pytest.mark.parametrize(
    ("smi", "worst"),
    [
        (GOOD, LineStatus.GOOD),
        (GOOD.replace("22500", "3000"), LineStatus.NOTE),
        (GOOD.replace("8.9", "6.1"), LineStatus.BAD),
        (GOOD.replace("570.86.15", "470.1"), LineStatus.BAD),
        ("", LineStatus.BAD),
        ("no devices were found", LineStatus.BAD),
    ],
)
def test_a_gpu_is_judged(smi: str, worst: LineStatus) -> None:
    lines = list(look_at_gpus(lambda: smi, lambda: 12))
    found = {line.status for line in lines}
    order = [LineStatus.BAD, LineStatus.NOTE, LineStatus.GOOD]
    assert next(status for status in order if status in found) is worst
    assert all(line.fix for line in lines if line.status is not LineStatus.GOOD)


@pytest.mark.parametrize(
    ("driver", "cuda", "status"),
    [
        ("525.60", None, LineStatus.GOOD),
        ("525.60", 12, LineStatus.GOOD),
        ("570.86", 13, LineStatus.BAD),
        ("580.65", 13, LineStatus.GOOD),
        ("470.10", None, LineStatus.BAD),
    ],
)
def test_the_driver_has_to_run_the_newest_cuda_that_is_installed(
    driver: str, cuda: int | None, status: LineStatus
) -> None:
    smi = GOOD.replace("570.86.15", driver)
    first = next(look_at_gpus(lambda: smi, lambda: cuda))
    assert (first.area, first.status) == ("driver", status)


@pytest.mark.parametrize(
    ("line", "cuda"),
    [("cuda: Optional[str] = '13.0'", 13), ('cuda = "12.8"', 12), ("cuda: str = None", None)],
)
def test_pytorch_says_its_cuda_without_being_imported(
    line: str, cuda: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "torch"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "version.py").write_text(f"debug = False\n{line}\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    assert torch_cuda() == cuda


@pytest.mark.parametrize(
    ("changes", "bad"),
    [
        ({}, set()),
        ({"transformers": "5.1.0"}, {"transformers 5.1.0"}),
        ({"transformers": "4.48.0"}, {"transformers 4.48.0"}),
        ({"torch": "2.12.1+cpu"}, {"torch 2.12.1+cpu is a build without CUDA"}),
        ({"lmdeploy": ""}, {"lmdeploy is not installed"}),
    ],
)
def test_packages_are_judged(changes: dict[str, str], bad: set[str]) -> None:
    versions = {"lmdeploy": "0.18.0", "transformers": "4.57.6", "torch": "2.12.1+cu128"} | changes

    def installed(name: str) -> str:
        if not versions[name]:
            raise PackageNotFoundError
        return versions[name]

    found = statuses(look_at_packages(installed))
    assert {what for what, status in found.items() if status is LineStatus.BAD} == bad


def test_the_wanted_versions_are_those_of_the_extra() -> None:
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())
    wanted = project["project"]["optional-dependencies"]["inference"]
    assert f"lmdeploy=={PACKAGES['lmdeploy']}" in wanted
    assert f"transformers>={PACKAGES['transformers']},<5" in wanted


def test_memory_is_told(tmp_path: Path) -> None:
    assert [line.area for line in look_at_memory(tmp_path)] == ["memory", "memory"]
