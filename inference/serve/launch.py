"""The supervised process: LMDeploy's own command line, with what a command line should not show.

    python -m inference.serve.launch serve api_server MODEL ...

Takes the API keys from the environment (`ps` shows arguments to everybody on the machine) and ends
with its supervisor, however that ends.
"""

from __future__ import annotations

import ctypes
import os
import runpy
import signal
import sys
from typing import Final

KEYS_VARIABLE: Final = "SHUDONG_SERVE_KEYS"
"""Comma-separated; set by the supervisor for this process alone."""

_PR_SET_PDEATHSIG: Final = 1


def main() -> None:
    """Become `lmdeploy`."""
    end_with_parent()
    keys = [key for key in os.environ.pop(KEYS_VARIABLE, "").split(",") if key]
    sys.argv = ["lmdeploy", *sys.argv[1:], *(["--api-keys", *keys] if keys else [])]
    runpy.run_module("lmdeploy", run_name="__main__", alter_sys=False)


def end_with_parent() -> None:
    """On Linux: get SIGTERM when the parent is gone, even by kill -9."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


if __name__ == "__main__":
    main()
