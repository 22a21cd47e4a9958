"""The command line of `training`."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

COMMANDS = {
    "prepare": ("training.prepare.command", "corpora to what XTuner trains on, with a data card"),
    "small": ("training.small.command", "train the small packaged model from scratch"),
    "risk": ("training.risk.command", "train the risk detector's small classifier"),
    "samples": ("training.small.samples", "compare sampling settings on fixed first messages"),
}
EXTRAS = {"prepare": "corpora", "risk": "risk"}
"""What to install for a command, where it is not what the small model needs."""


def main() -> int:
    """Run one command; a wrong path or file ends in one sentence and exit code 2."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (_, summary) in COMMANDS.items():
        commands.add_parser(name, help=summary, add_help=False)
    name = parser.parse_args(sys.argv[1:2]).command
    module_name, summary = COMMANDS[name]
    # Imported late: most commands need torch, and one must not pay for another.
    try:
        command = import_module(module_name)
    except ModuleNotFoundError as error:
        print(
            f"python -m training {name} needs the package {error.name}: "
            f"pip install --editable '.[{EXTRAS.get(name, 'small,local')}]'",
            file=sys.stderr,
        )
        return 2
    own = argparse.ArgumentParser(prog=f"python -m training {name}", description=summary)
    command.add_arguments(own)
    try:
        command.run(own.parse_args(sys.argv[2:]))
    except (OSError, ValueError) as error:
        print(f"python -m training {name}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
