"""A tool of XTuner's as a child process: shown while it runs, and one sentence where it fails."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Final

from training.xtuner.errors import XTunerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ROOT: Final = Path(__file__).parents[2]
LINES_KEPT: Final = 400
KILLED: Final = {-9, 137}

_SENTENCES: Final = (
    (
        r"no file named .*(safetensors|pytorch_model)|does not appear to have a file named",
        "the base model's folder lacks weights or code: put the whole checkpoint there",
    ),
    (
        r"not a valid model identifier|couldn't connect to|LocalEntryNotFoundError"
        r"|Incorrect path_or_model_id|Cannot find the requested files|OfflineModeIsEnabled",
        "the base model is not on this machine and could not be fetched: name a folder that has it",
    ),
    (
        r"out of memory|OutOfMemoryError",
        "the GPU's memory is too small: lower batch_size or max_length, take the QLoRA config, or "
        "spread the model over GPUs with deepspeed_zero3",
    ),
    (
        r"Column 'length' doesn't exist",
        "no dialogue has an answer within max_length tokens: raise it",
    ),
    (
        r"invalid device ordinal",
        "NPROC_PER_NODE is more than this machine has GPUs",
    ),
    (
        r"deepspeed is not installed",
        "DeepSpeed is missing: pip install deepspeed==0.16.2",
    ),
    (
        r"No space left on device",
        "the disk is full: make room and run the same again, it goes on where it stopped",
    ),
    (
        r"No module named '?([\w.]+)",
        "a package is missing ({0}): pip install --editable '.[training]'",
    ),
)
_ERROR_LINE: Final = re.compile(r"^(?:\w+\.)*\w*(?:Error|Exception): .+")
_RANK: Final = re.compile(r"^\[rank\d+\]: ?")


def run_tool(command: Sequence[str], what: str, environment: Mapping[str, str]) -> None:
    """Run to the end and show what is printed; ends the child when interrupted.

    Raises:
        XTunerError: the child failed; `what` was being done.
    """
    tail: deque[str] = deque(maxlen=LINES_KEPT)
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    with subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONPATH": path, **environment},
        encoding="utf-8",
        errors="replace",
    ) as child:
        try:
            for line in child.stdout or ():
                tail.append(line.rstrip())
                sys.stdout.write(line)
                sys.stdout.flush()
        except BaseException:
            child.terminate()
            raise
    if child.returncode:
        raise XTunerError(f"{what} failed: {reason(tail, child.returncode)}.")


def reason(lines: Iterable[str], status: int) -> str:
    """Why a tool ended with `status` after printing `lines`, and what to do."""
    printed = [_RANK.sub("", line) for line in lines]
    # Only what was raised counts: warnings speak of missing packages, too.
    raised = [line for line in printed if _ERROR_LINE.match(line)]
    for pattern, sentence in _SENTENCES:
        for line in raised:
            if found := re.search(pattern, line):
                return sentence.format(*found.groups())
    if status in KILLED:
        return "the system killed it, most often for want of memory; run the same again to go on"
    last = raised[-1] if raised else next((line for line in reversed(printed) if line), "")
    return last.rstrip(". ") or f"it ended with status {status} and said nothing"
