"""From `python -m PACKAGE COMMAND` to the module of the command."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from inference.console import CommandError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Its module has `add_arguments(parser)` and `run(parsed)`, which returns an exit status or None
    for 0.
    """

    module: str
    summary: str
    extra: str
    """What to install where a package is missing."""


def dispatch(package: str, commands: Mapping[str, Command], arguments: Sequence[str] | None) -> int:
    """Run one command; returns the exit status (0 done, 1 could not, 2 wrongly called).

    `arguments` are the process's where they are None. What an operator can mend ends in one
    sentence on stderr.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    program = f"python -m {package}"
    parser = argparse.ArgumentParser(prog=program, description=f"The commands of `{package}`.")
    names = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in commands.items():
        names.add_parser(name, help=command.summary, add_help=False)
    name = parser.parse_args(given[:1]).command
    try:
        return _run(program, name, commands[name], given[1:])
    except CommandError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    except (OSError, ValueError) as error:
        print(f"{program} {name}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _run(program: str, name: str, command: Command, given: Sequence[str]) -> int:
    # Imported late: some commands need torch, and the others must not pay for it.
    try:
        module = import_module(command.module)
    except ModuleNotFoundError as error:
        raise CommandError(
            f"{program} {name} needs the package {error.name}: "
            f"pip install --editable '.[{command.extra}]'",
            exit_status=2,
        ) from None
    own = argparse.ArgumentParser(prog=f"{program} {name}", description=command.summary)
    module.add_arguments(own)
    return int(module.run(own.parse_args(given)) or 0)
