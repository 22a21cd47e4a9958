"""The command line of `training`."""

from __future__ import annotations

import sys

from inference.dispatch import Command, dispatch

COMMANDS = {
    "prepare": Command(
        "training.prepare.command", "corpora to what XTuner trains on, with a data card", "corpora"
    ),
    "evaluate": Command(
        "training.evaluate.command", "measure models side by side on held-out data", "evaluate"
    ),
    "small": Command(
        "training.small.command", "train the small packaged model from scratch", "small,local"
    ),
    "tiny": Command(
        "training.tiny.command", "make the tiny base model of the tiny configs", "training"
    ),
    "risk": Command("training.risk.command", "train the risk detector's small classifier", "risk"),
    "samples": Command(
        "training.small.samples",
        "compare sampling settings on fixed first messages",
        "small,local",
    ),
}

if __name__ == "__main__":
    sys.exit(dispatch("training", COMMANDS, None))
