"""The command line: `python -m bot [command]`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import TYPE_CHECKING

from bot import __version__
from bot.errors import BotError

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status (0 done, 1 could not, 2 wrongly set up)."""
    options = _parser().parse_args(arguments)
    try:
        options.command()
    except BotError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_status
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bot", description="Shudong, a Telegram companion that listens."
    )
    parser.add_argument("--version", action="version", version=__version__)
    parser.set_defaults(command=_run)
    commands = parser.add_subparsers(title="commands", metavar="")
    for name, command, text in (
        ("run", _run, "run the bot (the default)"),
        ("migrate", _migrate, "bring the database of DATABASE_URL up to date"),
        ("keys", _keys, "print a new key for ENCRYPTION_KEYS"),
        ("reencrypt", _reencrypt, "rewrite stored texts with the first of ENCRYPTION_KEYS"),
    ):
        commands.add_parser(name, help=text, description=text).set_defaults(command=command)
    return parser


# Each command imports what it needs itself: a wrong setting is told before anything is loaded.


def _run() -> None:
    from bot.ops.logging import configure_logging
    from bot.settings import load_settings

    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    import uvloop

    from bot.app import run

    uvloop.run(run(settings))


def _migrate() -> None:
    from bot.maintenance import migrate
    from bot.settings import load_settings

    sys.stdout.write(asyncio.run(migrate(load_settings())) + "\n")


def _keys() -> None:
    from bot.storage import generate_key

    sys.stdout.write(generate_key() + "\n")


def _reencrypt() -> None:
    from bot.maintenance import reencrypt_all
    from bot.settings import load_settings

    sys.stdout.write(asyncio.run(reencrypt_all(load_settings())) + "\n")


if __name__ == "__main__":
    sys.exit(main())
