"""The library that runs the encoder tells nobody that it does."""

import subprocess
import sys

import pytest

from devtools.processes import ROOT, bare_environment

pytest.importorskip("onnxruntime")

LOADS = "from bot.safety.encoder import load_encoder; print(load_encoder() is not None)"


def test_telemetry_is_off_before_the_library_is_loaded() -> None:
    # With it on, where nothing can be written, the library complains that its device has no id.
    nowhere = {"HOME": "/proc/nowhere", "XDG_CACHE_HOME": "/proc/nowhere"}
    ended = subprocess.run(
        [sys.executable, "-c", LOADS],
        env=bare_environment(nowhere),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout == "True\n"
    assert "telemetry" not in ended.stderr
