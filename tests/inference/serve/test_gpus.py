"""What nvidia-smi says, and which of its GPUs CUDA would show."""

from __future__ import annotations

import pytest

from inference.serve.gpus import MIB, Gpu, NoDriver, visible_gpus

LINES = """\
0, GPU-aaaa-1, NVIDIA GeForce RTX 4090, 24564, 24010, 8.9, 570.86.15
1, GPU-bbbb-2, Tesla T4, 15360, 15000, 7.5, 570.86.15
"""


def indices(monkeypatch: pytest.MonkeyPatch, wanted: str) -> list[int]:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", wanted)
    return [gpu.index for gpu in visible_gpus(lambda: LINES)]


def test_a_line_is_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert visible_gpus(lambda: LINES)[1] == Gpu(
        1, "GPU-bbbb-2", "Tesla T4", 15360 * MIB, 15000 * MIB, (7, 5), "570.86.15"
    )


def test_only_visible_cards_count_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    assert indices(monkeypatch, "1,0") == [1, 0]
    assert indices(monkeypatch, "GPU-bbbb") == [1]
    assert indices(monkeypatch, "0,7,1") == [0]
    assert indices(monkeypatch, "") == []
    assert indices(monkeypatch, "-1") == []


def test_a_driver_that_says_something_else_is_no_driver() -> None:
    with pytest.raises(NoDriver):
        visible_gpus(lambda: "Unable to determine the device handle\n")


def test_a_machine_without_a_driver_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoDriver, match="not installed"):
        visible_gpus()
