"""What of this machine a container or service may use: control groups say it, the kernel does not.

`docker --cpus=2` on 64 cores shows all 64 to a process. Threads for all of them wait for each other
most of the time, and what is over the limit of memory is killed.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")
OWN_GROUPS = Path("/proc/self/cgroup")


def cpu_limit(groups: Path = GROUPS, own: Path = OWN_GROUPS) -> float | None:
    """CPUs that this process may use at a time; None without a limit."""
    limits = []
    for folder in _folders(groups, own, "cpu"):
        match _numbers(folder / "cpu.max"):
            case [quota, period] if period > 0:
                limits.append(quota / period)
        match [
            *_numbers(folder / "cpu.cfs_quota_us"),
            *_numbers(folder / "cpu.cfs_period_us"),
        ]:
            case [quota, period] if quota > 0 and period > 0:
                limits.append(quota / period)
    return min(limits, default=None)


def memory_limit(groups: Path = GROUPS, own: Path = OWN_GROUPS) -> int:
    """Bytes of memory that this process may use: the machine's, or a limit below that."""
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for folder in _folders(groups, own, "memory"):
        for name in ("memory.max", "memory.limit_in_bytes"):
            limits += _numbers(folder / name)
    return min(limits)


def available_memory(
    groups: Path = GROUPS, own: Path = OWN_GROUPS, meminfo: Path = Path("/proc/meminfo")
) -> int:
    """Bytes of memory that are free for this process, files that can be read again left aside."""
    free = [memory_limit(groups, own)]
    try:
        found = re.search(r"^MemAvailable:\s+(\d+) kB", meminfo.read_text(), re.MULTILINE)
    except OSError:  # not Linux
        found = None
    if found:
        free.append(int(found[1]) * 1024)
    for folder in _folders(groups, own, "memory"):
        for limit, used in (
            ("memory.max", "memory.current"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes"),
        ):
            for most, now in zip(_numbers(folder / limit), _numbers(folder / used), strict=False):
                free.append(max(most - now + _reclaimable(folder), 0))
    return min(free)


def _reclaimable(folder: Path) -> int:
    """Bytes of files that a group of processes has in memory and would give up."""
    try:
        lines = (folder / "memory.stat").read_text()
    except OSError:
        return 0
    found = re.search(r"^(?:total_)?inactive_file (\d+)$", lines, re.MULTILINE)
    return int(found[1]) if found else 0


def _folders(groups: Path, own: Path, controller: str) -> list[Path]:
    """Where limits of this process may stand: its group and those above, of both versions.

    In a container its own group is the root of what it sees.
    """
    try:
        lines = own.read_text().splitlines()
    except OSError:  # not Linux
        lines = []
    folders = {groups, groups / controller}
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers or controller in controllers.split(","):
            root = groups / controller if controllers else groups
            group = root / path.lstrip("/")
            folders |= {one for one in (group, *group.parents) if one.is_relative_to(root)}
    return sorted(folders)


def _numbers(file: Path) -> list[int]:
    """The numbers of a file of limits; none where it says "max", or is not there."""
    try:
        return [int(word) for word in file.read_text().split()]
    except (OSError, ValueError):
        return []
