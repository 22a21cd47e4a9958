"""The command line of `inference`."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from inference.console import CommandError

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Command:
    """Where a command lives (a module with `add_arguments` and `run`) and what it needs."""

    module: str
    summary: str
    extra: str


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
    "chat": Command("inference.chat", "talk to a model in the terminal", "local"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status (0 done, 1 could not, 2 wrongly called)."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    parser = argparse.ArgumentParser(prog="python -m inference", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        commands.add_parser(name, help=command.summary, add_help=False)
    name = parser.parse_args(given[:1]).command
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
        return int(module.run(own.parse_args(given[1:])))
    except CommandError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    except (OSError, ValueError) as error:
        print(f"python -m inference {name}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
