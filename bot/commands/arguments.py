"""The operator's commands: their arguments, and what they call.

Each command imports what it needs itself: a wrong setting is told before anything is loaded.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import StartupError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Awaitable, Callable

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_operator_commands(commands: Commands) -> None:
    """Declare the commands."""
    _add_people(commands)
    _add_keys(commands)
    _add_backups(commands)
    _add_invite(commands)
    stats = commands.add_parser("stats", help="print how the bot fares, in numbers of nobody")
    stats.add_argument("--days", type=int, default=7, help="of how many days (7)")
    stats.set_defaults(command=_stats)
    retention = commands.add_parser(
        "retention", help="print how many people RETENTION_DAYS concerns now; changes nothing"
    )
    retention.set_defaults(command=_retention)
    doctor = commands.add_parser(
        "doctor",
        help="look at everything that the bot needs, with a verdict and a fix each",
        description="Look at files, disk, database, keys, clock, Redis, engine, token, webhook and "
        "the chat of the people on duty. Changes nothing. Exit status 1: something is not well.",
    )
    doctor.set_defaults(command=_doctor)
    version = commands.add_parser("version", help="print versions of bot, schema and Python")
    version.set_defaults(command=_version)


def _add_people(commands: Commands) -> None:
    user = commands.add_parser(
        "user",
        help="show, reset, erase or export what is kept of one person",
        description="Do something for one person, by their Telegram id. No command shows what they "
        "said, but `export`, which writes it to a file for them. What is done is in the audit.",
    ).add_subparsers(title="commands", metavar="", required=True)
    for name, command, text in (
        ("show", _user_show, "print what is kept, in numbers and dates"),
        ("reset", _user_reset, "end the conversation in their private chat"),
        ("erase", _user_erase, "delete everything kept of them, as /erase does"),
        ("export", _user_export, "write everything kept of them to FILE, as /export does"),
    ):
        parser = user.add_parser(name, help=text, description=text)
        parser.add_argument("id", type=int, metavar="ID")
        parser.set_defaults(command=command)
        if name == "erase":
            parser.add_argument("--yes", action="store_true", help="do not ask")
        if name == "export":
            parser.add_argument("file", type=Path, metavar="FILE.json")
    why = commands.add_parser(
        "why",
        help="print what became of a person's last messages, without their words",
        description="Print times (UTC), states and reasons of a person's last messages, turns and "
        "cards, and the hash that stands for them in logs.",
    )
    why.add_argument("id", type=int, metavar="ID")
    why.add_argument("--last", type=int, default=20, help="how many of each (20)")
    why.set_defaults(command=_why)


def _add_keys(commands: Commands) -> None:
    keys = commands.add_parser(
        "keys",
        help="print a new key; see, or rotate, those there are (status, rotate, reencrypt)",
        description="Print a new key for ENCRYPTION_KEYS, or do something with those there are.",
    )
    keys.set_defaults(command=_keys_new)
    actions = keys.add_subparsers(title="commands", metavar="")
    for name, command, text in (
        ("new", _keys_new, "print a new key for ENCRYPTION_KEYS"),
        ("status", _keys_status, "print which keys there are, who has them, what is to be done"),
        ("rotate", _keys_rotate, "do the next step of a rotation, which may be broken off"),
        ("reencrypt", _reencrypt, "rewrite stored texts with the first key, while the bot runs"),
    ):
        actions.add_parser(name, help=text, description=text).set_defaults(command=command)
    text = "rewrite stored texts with the first key: as `keys reencrypt`"
    commands.add_parser("reencrypt", help=text, description=text).set_defaults(command=_reencrypt)


def _add_backups(commands: Commands) -> None:
    backup = commands.add_parser(
        "backup",
        help="write everything that is kept to a new encrypted FILE, while the bot runs",
        description="Write everything that is kept at one moment to a new FILE, encrypted with the "
        "newest key, and read it again. The keys are not in it: keep them elsewhere.",
    )
    backup.add_argument("file", type=Path, metavar="FILE")
    backup.set_defaults(command=_backup)
    restore = commands.add_parser(
        "restore",
        help="put a backup into an empty database",
        description="Put a backup into the database of the settings, which has to be empty; SQLite "
        "or PostgreSQL, whichever it was made of. Stop the bot before.",
    )
    restore.add_argument("file", type=Path, metavar="FILE")
    restore.add_argument(
        "--try",
        dest="is_trial",
        action="store_true",
        help="into a temporary SQLite, which is thrown away: the settings' database stays as it is",
    )
    restore.set_defaults(command=_restore)


def _add_invite(commands: Commands) -> None:
    invite = commands.add_parser(
        "invite",
        help="make a code that lets people in, where ACCESS is invite",
        description="Make a code that lets people in. It is printed this once; the database has a "
        "hash of it. Admins make codes by /invite, too.",
    )
    invite.add_argument("--uses", type=int, default=1, help="how many people (1)")
    invite.add_argument("--days", type=int, default=7, help="how long it lasts (7)")
    invite.add_argument("--bot", metavar="NAME", help="the bot's name in Telegram, for a link")
    invite.add_argument("--picture", type=Path, metavar="FILE.png", help="a QR picture of the link")
    invite.set_defaults(command=_invite)


def say(done: Awaitable[str]) -> None:
    """Run a command to its end and print what it says."""

    async def finish() -> str:
        return await done

    sys.stdout.write(asyncio.run(finish()) + "\n")


def confirm(question: str, *, is_confirmed: bool) -> None:
    """Ask at the terminal, unless that was answered by an argument.

    Raises:
        StartupError: the answer was no, or there is no terminal to ask at.
    """
    if is_confirmed:
        return
    if not sys.stdin.isatty():
        raise StartupError(f"{question} Say so with --yes.")
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise StartupError("Nothing was done.")


def at_least_one(name: str, number: int) -> int:
    """The number of an option. Raises StartupError where it is none from 1."""
    if number < 1:
        raise StartupError(f"{name}: expected a number from 1.")
    return number


def _for_person(
    options: argparse.Namespace, command: Callable[..., Awaitable[str]], *arguments: object
) -> None:
    from bot.settings import load_settings

    say(command(load_settings(), options.id, *arguments))


def _invite(options: argparse.Namespace) -> None:
    from bot.commands.invites import make_invite
    from bot.settings import load_settings

    say(make_invite(load_settings(), options.uses, options.days, options.bot, options.picture))


def _user_show(options: argparse.Namespace) -> None:
    from bot.commands.people import show

    _for_person(options, show)


def _user_reset(options: argparse.Namespace) -> None:
    from bot.commands.people import reset

    _for_person(options, reset)


def _user_erase(options: argparse.Namespace) -> None:
    from bot.commands.people import erase

    confirm(
        f"Everything kept of {options.id} will be deleted, which cannot be undone. Go on?",
        is_confirmed=options.yes,
    )
    _for_person(options, erase)


def _user_export(options: argparse.Namespace) -> None:
    from bot.commands.people import export

    _for_person(options, export, options.file)


def _keys_new(_options: argparse.Namespace) -> None:
    from bot.storage import generate_key

    sys.stdout.write(generate_key() + "\n")


def _keys_status(_options: argparse.Namespace) -> None:
    from bot.commands.keys import status
    from bot.settings import load_settings

    say(status(load_settings()))


def _keys_rotate(_options: argparse.Namespace) -> None:
    from bot.commands.keys import rotate
    from bot.settings import load_settings

    say(rotate(load_settings()))


def _reencrypt(_options: argparse.Namespace) -> None:
    from bot.commands.keys import reencrypt_all
    from bot.settings import load_settings

    say(reencrypt_all(load_settings()))


def _backup(options: argparse.Namespace) -> None:
    from bot.commands.backups import write_backup
    from bot.settings import load_settings

    say(write_backup(load_settings(), options.file))


def _restore(options: argparse.Namespace) -> None:
    from bot.commands.backups import restore_backup, try_backup
    from bot.settings import load_settings

    say((try_backup if options.is_trial else restore_backup)(load_settings(), options.file))


def _why(options: argparse.Namespace) -> None:
    from bot.commands.people import why

    _for_person(options, why, at_least_one("--last", options.last))


def _stats(options: argparse.Namespace) -> None:
    from bot.commands.stats import stats
    from bot.settings import load_settings

    days = at_least_one("--days", options.days)
    say(stats(load_settings(), min(days, 3650)))


def _retention(_options: argparse.Namespace) -> None:
    from bot.commands.stats import due
    from bot.settings import load_settings

    say(due(load_settings()))


def _doctor(_options: argparse.Namespace) -> None:
    from bot.commands.doctor.run import examine
    from bot.settings import load_settings

    say(examine(load_settings()))


def _version(_options: argparse.Namespace) -> None:
    import platform

    from bot import __version__
    from bot.storage import newest_revision

    sys.stdout.write(
        f"Shudong {__version__}\nschema  {newest_revision()}\nPython  {platform.python_version()}\n"
    )
