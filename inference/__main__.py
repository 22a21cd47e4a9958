"""The command line of `inference`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from inference.dispatch import Command, dispatch

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = {
    "serve": Command(
        "inference.serve.command",
        "serve a model with LMDeploy's TurboMind, and keep it running",
        "inference",
    ),
    "quantize": Command(
        "inference.quantize.command",
        "make a W4A16 model for TurboMind and compare it with the original",
        "inference",
    ),
    "bench": Command(
        "inference.bench.command",
        "put load on a server and measure how it bears it",
        "inference",
    ),
    "doctor": Command(
        "inference.doctor.command",
        "look at this machine, a model and servers, and say what to fix",
        "inference",
    ),
    "fetch": Command(
        "inference.fetch.command", "bring a model for the CPU onto this machine", "local"
    ),
    "chat": Command("inference.chat", "talk to a model in the terminal", "local"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    return dispatch("inference", COMMANDS, arguments)


if __name__ == "__main__":
    sys.exit(main())
