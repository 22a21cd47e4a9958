"""The command line of `inference`."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from importlib import import_module


@dataclass(frozen=True, slots=True)
class Command:
    """Where a command lives (a module with `add_arguments` and `run`) and what it needs."""

    module: str
    summary: str
    extra: str


COMMANDS = {
    "quantize": Command(
        "inference.quantize.command",
        "make a W4A16 model for TurboMind and compare it with the original",
        "inference",
    ),
}


def main() -> int:
    """Run one command; what it cannot do ends in one sentence and exit code 2."""
    parser = argparse.ArgumentParser(prog="python -m inference", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, command in COMMANDS.items():
        commands.add_parser(name, help=command.summary, add_help=False)
    name = parser.parse_args(sys.argv[1:2]).command
    command = COMMANDS[name]
    # Imported late: some commands need torch, and the others must not pay for it.
    try:
        module = import_module(command.module)
    except ModuleNotFoundError as error:
        print(
            f"python -m inference {name} needs the package {error.name}: "
            f"pip install --editable '.[{command.extra}]'",
            file=sys.stderr,
        )
        return 2
    own = argparse.ArgumentParser(prog=f"python -m inference {name}", description=command.summary)
    module.add_arguments(own)
    try:
        return int(module.run(own.parse_args(sys.argv[2:])))
    except (OSError, ValueError) as error:
        print(f"python -m inference {name}: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
