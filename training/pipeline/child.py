"""One of our own commands in a process of its own, which may be another environment's."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Final

from training.pipeline.versions import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

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
