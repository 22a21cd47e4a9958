"""The command line: `python -m bot [command]`."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

from bot import __version__
from bot.commands.arguments import add_operator_commands
from bot.errors import BotError, StartupError, places

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.safety.evaluation.batch import Reads


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status (0 done, 1 could not, 2 wrongly set up)."""
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
    except BotError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_status
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        # Its message might quote what somebody wrote; the place is enough to find the fault.
        sys.stderr.write(f"Unexpected {type(error).__qualname__} ({places(error)}).\n")
        return 1
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
    ):
        commands.add_parser(name, help=text, description=text).set_defaults(command=command)
    counters = commands.add_parser(
        "counters",
        help="print how often things happened in a year",
        description="Print how often things happened in a year (cards, alerts, notices), by name. "
        "Nothing in it belongs to anybody.",
    )
    counters.add_argument("--year", type=int, help="the current one if left out")
    counters.set_defaults(command=_counters)
    report = commands.add_parser(
        "report",
        help="print the yearly report that a law asks for",
        description="Print the yearly report that a law asks for, as Markdown, from counters and "
        "settings: no identifier is in it. What a program cannot know is left to fill in.",
    )
    report.add_argument("--year", type=int, help="the current one if left out")
    report.add_argument(
        "--for", dest="law", required=True, choices=("order21", "sb243", "sb1546", "ny"),
        help="China's Order 21, California SB 243, Oregon SB 1546, New York GBL article 47",
    )  # fmt: skip
    report.set_defaults(command=_report)
    audit = commands.add_parser(
        "audit",
        help="print what admins did last",
        description="Print what admins did last, newest first: when (UTC), who, what, to what.",
    )
    audit.add_argument("--last", type=int, default=50, help="how many acts (50)")
    audit.set_defaults(command=_audit)
    feedback = commands.add_parser(
        "feedback", help="hand out what people agreed to give for training"
    ).add_subparsers(title="commands", metavar="", required=True)
    export = feedback.add_parser(
        "export",
        help="write it to a new file, names taken out",
        description="Write what people rated and agreed to give for training to a new FILE, as "
        "`python -m training prepare --feedback` reads it. Names and numbers are taken out as well "
        "as a program can; read the file before you use it. Talks with any danger in them are left "
        "out. Needs the extra: pip install --editable '.[feedback]'",
    )
    export.add_argument("file", type=Path, metavar="FILE.jsonl")
    export.add_argument(
        "--since", type=date.fromisoformat, metavar="DATE", help="only what was rated from then on"
    )
    export.set_defaults(command=_export_feedback)
    demo = commands.add_parser(
        "demo",
        help="serve a public page to try it on, without Telegram",
        description="Serve a page to try the companion on, at HTTP_HOST and HTTP_PORT. Nothing "
        "said there is kept. Needs the extra: pip install --editable '.[demo]'",
    )
    demo.add_argument("--language", choices=("zh-CN", "zh-TW", "en"), default="zh-CN")
    demo.set_defaults(command=_demo)
    safety = commands.add_parser(
        "safety",
        help="say how serious each line of a file is",
        description="Read FILE, which holds plain lines or JSON lines "
        '({"text": ...} or {"messages": [{"role", "content"}, ...]}), and write {"level", "axes", '
        '"who", "reasons"} a line, in the same order; of a talk also "levels", at every message. '
        "Both readers read what needs no settings: the second one is the encoder.",
    )
    safety.add_argument("file", type=Path, metavar="FILE.jsonl")
    safety.add_argument(
        "--report",
        action="store_true",
        help='print figures against the "level" or the "labels" of the lines instead, of the first '
        "reader alone and of both",
    )
    safety.add_argument("--first-reader", action="store_true", help="with the first reader alone")
    safety.set_defaults(command=_safety)
    add_operator_commands(commands)
    return parser


# Each command imports what it needs itself: a wrong setting is told before anything is loaded.


def _run(_options: argparse.Namespace) -> None:
    from bot.ops.logging import configure_logging
    from bot.settings import load_settings

    settings = load_settings()
    configure_logging(
        settings.log_level,
        settings.log_format,
        secret=settings.log_secret,
        file=settings.log_file,
    )
    import uvloop

    from bot.app import run

    uvloop.run(run(settings))


def _demo(options: argparse.Namespace) -> None:
    from bot.ops.logging import configure_logging
    from bot.settings import load_settings

    settings = load_settings()
    configure_logging(
        settings.log_level,
        settings.log_format,
        secret=settings.log_secret,
        file=settings.log_file,
    )
    try:
        from bot.demo.run import run_demo
    except ModuleNotFoundError as error:
        raise StartupError(
            f"The page needs the package {error.name}: pip install --editable '.[local,demo]'"
        ) from None
    asyncio.run(run_demo(settings, options.language))


def _migrate(_options: argparse.Namespace) -> None:
    from bot.data_commands import migrate
    from bot.settings import load_settings

    sys.stdout.write(asyncio.run(migrate(load_settings())) + "\n")


def _counters(options: argparse.Namespace) -> None:
    from bot.data_commands import counted
    from bot.settings import load_settings

    sys.stdout.write(asyncio.run(counted(load_settings(), _year(options))) + "\n")


def _report(options: argparse.Namespace) -> None:
    from bot.compliance import Law
    from bot.data_commands import report_of
    from bot.settings import load_settings

    done = report_of(load_settings(), Law(options.law), _year(options))
    sys.stdout.write(asyncio.run(done))


def _year(options: argparse.Namespace) -> int:
    from bot.storage import utc_now

    year = utc_now().year if options.year is None else int(options.year)
    if not 1 <= year <= 9999:
        raise StartupError("--year: expected a year from 1 to 9999.")
    return year


def _audit(options: argparse.Namespace) -> None:
    from bot.data_commands import audited
    from bot.settings import load_settings

    if options.last < 1:
        raise StartupError("--last: expected a number from 1.")
    sys.stdout.write(asyncio.run(audited(load_settings(), options.last)) + "\n")


def _export_feedback(options: argparse.Namespace) -> None:
    from bot.data_commands import export_feedback_to
    from bot.settings import load_settings

    since = options.since and datetime.combine(options.since, time(), UTC)
    done = export_feedback_to(load_settings(), options.file, since)
    sys.stdout.write(asyncio.run(done) + "\n")


def _safety(options: argparse.Namespace) -> None:
    from bot.safety import BatchError, StackedReader, assess, report, safety_report
    from bot.safety.encoder import load_encoder

    readers: dict[str, Reads] = {"first reader alone": assess}
    if not options.first_reader:
        encoder = load_encoder()
        if encoder is None:
            sys.stderr.write(
                "The first reader alone: the second needs pip install --editable '.[reader]'\n"
            )
        else:
            readers["both readers"] = StackedReader(encoder).read
    *_, reads = readers.values()
    try:
        with options.file.open(encoding="utf-8") as lines:
            if options.report:
                sys.stdout.writelines(f"{line}\n" for line in report(lines, readers))
                return
            for verdict in safety_report(lines, reads):
                sys.stdout.write(json.dumps(verdict, ensure_ascii=False) + "\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise StartupError(f"Cannot read {options.file}: {reason}.") from None
    except BatchError as error:
        raise StartupError(f"{options.file}: {error}") from None


if __name__ == "__main__":
    sys.exit(main())
