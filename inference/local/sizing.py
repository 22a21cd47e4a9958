"""How much of this machine a model takes: threads, and the context window that memory allows."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from inference.local.limits import cpu_limit

if TYPE_CHECKING:
    from inference.local.gguf_header import ModelHeader

_TINY: Final = 64 << 20  # bytes
_BYTES_OF_A_VALUE: Final = 2  # the KV cache is kept in 16 bits
_WORKING_MEMORY: Final = 400_000_000
"""Bytes beside weights and KV cache: what is computed with (measured: 300 MB for 1.5B)."""
_STEP: Final = 256  # tokens
MIN_CONTEXT: Final = 2048
"""Tokens of a conversation's window below which memory is not saved: talks would be cut short."""


def context_that_fits(
    header: ModelHeader, size: int, *, slots: int, max_context: int, memory: int
) -> int:
    """Tokens of the window of each of `slots` conversations.

    Args:
        header: of the model.
        size: bytes of its file.
        slots: conversations at once; each has a window of its own.
        max_context: tokens that it may have at most.
        memory: bytes that are free.
    """
    wanted = min(header.context_length, max_context)
    per_token = header.kv_values_per_token * _BYTES_OF_A_VALUE * slots
    if per_token == 0:
        return wanted
    fitting = max(memory - size - _WORKING_MEMORY, 0) // per_token // _STEP * _STEP
    return min(wanted, max(fitting, MIN_CONTEXT))


def prompt_threads(model_size: int) -> int:
    """How many threads read prompts, for a model of so many bytes.

    The threads of a tiny model wait for each other longer than they compute: the packaged one was
    three times as fast on one thread as on two when the two cores had other work as well.
    """
    return 1 if model_size < _TINY else _usable_cores()


def decode_threads(model_size: int) -> int:
    """How many threads make tokens: a core less, which the bot and all else have for themselves.

    Where another process wants a core, all threads wait for the one that does not run: two threads
    on two cores made 0.7 tokens/s beside one busy process, one thread 21.9. Reading prompts bears
    it better, for its steps are longer.
    """
    return 1 if model_size < _TINY else max(1, _usable_cores() - 1)


def _usable_cores() -> int:
    limit = cpu_limit()
    return physical_cores() if limit is None else max(1, min(physical_cores(), int(limit)))


def physical_cores(topology: Path = Path("/sys/devices/system/cpu")) -> int:
    """How many real cores this process may use; llama.cpp gets slower beyond them."""
    try:
        usable = os.sched_getaffinity(0)
        siblings = {
            (topology / f"cpu{cpu}/topology/thread_siblings_list").read_text() for cpu in usable
        }
    except (AttributeError, OSError):  # not Linux, or a sandbox without /sys
        return os.cpu_count() or 1
    return len(siblings)
