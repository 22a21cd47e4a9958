"""Limits of control groups, of both versions, as container engines and systemd write them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from inference.local.limits import cpu_limit, memory_limit

if TYPE_CHECKING:
    from pathlib import Path

MACHINE = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
V1_OWN = "4:memory:/docker/a\n3:cpu,cpuacct:/docker/a\n"
FILES = [
    ("0::/", {"cpu.max": "200000 100000", "memory.max": "1048576"}, 2.0, 1 << 20),
    ("0::/", {"cpu.max": "max 100000", "memory.max": "max"}, None, MACHINE),
    ("0::/a/b", {"a/cpu.max": "50000 100000", "a/b/cpu.max": "max 100000"}, 0.5, MACHINE),
    (V1_OWN, {"cpu/cpu.cfs_quota_us": "300000", "cpu/cpu.cfs_period_us": "100000",
              "memory/memory.limit_in_bytes": "9223372036854771712"}, 3.0, MACHINE),
    (V1_OWN, {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000",
              "memory/docker/a/memory.limit_in_bytes": "2097152"}, None, 2 << 20),
    ("", {}, None, MACHINE),
]  # fmt: skip


@pytest.mark.parametrize(("own", "files", "cpus", "memory"), FILES)
def test_the_tightest_limit_of_a_group_and_those_above_counts(
    tmp_path: Path, own: str, files: dict[str, str], cpus: float | None, memory: int
) -> None:
    groups = tmp_path / "cgroup"
    for name, words in files.items():
        (groups / name).parent.mkdir(parents=True, exist_ok=True)
        (groups / name).write_text(words + "\n")
    (tmp_path / "own").write_text(own)
    assert cpu_limit(groups, tmp_path / "own") == cpus
    assert memory_limit(groups, tmp_path / "own") == memory


def test_without_control_groups_there_is_no_limit(tmp_path: Path) -> None:
    assert cpu_limit(tmp_path / "none", tmp_path / "none") is None
    assert memory_limit(tmp_path / "none", tmp_path / "none") == MACHINE
