"""Interpreters: which code and packages one has, and one of our commands run by it."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from inference.console import CommandError

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT: Final = Path(__file__).parents[2]

_ASK: Final = """
import importlib.metadata, json, sys
found = {}
for name in sys.argv[1:]:
    try:
        found[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        pass
json.dump(found, sys.stdout)
"""


def versions(packages: Sequence[str], python: Path = Path(sys.executable)) -> dict[str, str]:
    """Versions of the packages that an interpreter has; those it lacks are not in the answer."""
    try:
        asked = subprocess.run(  # noqa: S603 - an interpreter that the operator named
            [python, "-c", _ASK, *packages], capture_output=True, text=True, check=True
        )
        found: dict[str, str] = json.loads(asked.stdout)
    except (OSError, subprocess.CalledProcessError, ValueError) as error:
        raise CommandError(
            f"{python} is not a Python that runs ({type(error).__name__}).", exit_status=2
        ) from None
    return found


def revision() -> dict[str, str | bool]:
    """The commit of our code and whether it was changed since; empty outside a repository."""
    try:
        commit = _git("rev-parse", "HEAD")
        changed = bool(_git("status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.CalledProcessError):
        return {}
    return {"commit": commit, "changed": changed}


def machine() -> dict[str, str]:
    """What of the machine explains a difference between two runs; no name, no path."""
    return {"python": platform.python_version(), "system": platform.system(),
            "processor": platform.machine()}  # fmt: skip


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(  # noqa: S603 - our own command
        command, capture_output=True, text=True, check=True
    ).stdout.strip()


_BEGIN: Final = (
    "import runpy, sys; from inference.serve.launch import end_with_parent; end_with_parent(); "
    "runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)"
)
"""`python -m PACKAGE`, which does not outlive this process, however that ends."""


def run_command(python: Path, package: str, arguments: Sequence[str]) -> int:
    """Run `PYTHON -m PACKAGE ARGUMENTS` with this code and show its output; the exit status."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return subprocess.run(  # noqa: S603 - our own command
        [python, "-c", _BEGIN, package, *arguments],
        env=os.environ | {"PYTHONPATH": path},
        check=False,
    ).returncode
