from __future__ import annotations

import sys

import pytest

from training.xtuner.errors import XTunerError
from training.xtuner.process import reason, run_tool

CUDA_MEMORY = (
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total "
    "capacity of 23.64 GiB"
)
NOT_ON_A_HUB = (
    "OSError: We couldn't connect to 'https://huggingface.co' to load the files, and couldn't find "
    "them in the cached files."
)


@pytest.mark.parametrize(
    ("line", "step"),
    [
        (CUDA_MEMORY, "lower batch_size"),
        (f"[rank2]: {CUDA_MEMORY}", "lower batch_size"),
        (NOT_ON_A_HUB, "name a folder that has it"),
        (
            "OSError: Error no file named model.safetensors found in directory /m.",
            "whole checkpoint",
        ),
        ("ModuleNotFoundError: No module named 'bitsandbytes'", "(bitsandbytes): pip install"),
        (
            "ImportError: deepspeed is not installed properly, please check.",
            "pip install deepspeed",
        ),
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("ValueError: Column 'length' doesn't exist.", "max_length"),
        ("RuntimeError: CUDA error: invalid device ordinal", "NPROC_PER_NODE"),
    ],
)
def test_a_known_failure_says_what_to_do(line: str, step: str) -> None:
    assert step in reason(["Traceback (most recent call last):", line], 1)


def test_a_warning_is_not_taken_for_the_failure() -> None:
    printed = [
        "Failed to load CPU gemm_4bit_forward: No module named 'kernels'.",
        "[rank0]: AssertionError: `flash_attn` is required if you want to use sequence parallel.",
    ]

    assert reason(printed, 1).startswith("AssertionError: `flash_attn` is required")


def test_a_process_the_system_killed_ran_out_of_memory() -> None:
    assert "want of memory" in reason(["Iter(train) [ 5/20]"], -9)


def test_output_is_shown_and_a_failure_names_what_was_done(
    capsys: pytest.CaptureFixture[str],
) -> None:
    program = "print('working'); raise SystemExit('ValueError: wrong shape')"

    with pytest.raises(XTunerError, match=r"^Merging a failed: ValueError: wrong shape\.$"):
        run_tool([sys.executable, "-c", program], "Merging a", {})

    assert "working" in capsys.readouterr().out


def test_a_tool_that_ends_well_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    run_tool([sys.executable, "-c", "import os; print(os.environ['X'])"], "Nothing", {"X": "given"})

    assert capsys.readouterr().out == "given\n"
