"""Kill every part of the bot while people talk to it, and account for every message.

    python -m benchmarks.chaos --seed 1 --setup sqlite|postgres [--chats 100] [--turns 1000]
        [--kills 20] [--replicas 3] [--patience 180] [--json FILE] [--logs FOLDER]

The seed decides what is said and what goes wrong when. Exit status: 0 if nothing was lost, nothing
came out of order and nothing came twice outside the named windows; 1 if not; 2 if it could not be
tried.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.chaos.report import figures, rows
from benchmarks.chaos.run import ChaosConfig, run
from benchmarks.errors import BenchmarkError
from benchmarks.report import table

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chaos; returns the exit status."""
    given = _parser().parse_args(arguments)
    try:
        _check(given)
        config = ChaosConfig(
            seed=given.seed,
            setup=given.setup,
            chats=given.chats,
            turns=given.turns,
            kills=given.kills,
            replicas=1 if given.setup == "sqlite" else given.replicas,
            patience=given.patience,
            logs=given.logs,
        )
        outcome = asyncio.run(run(config))
    except BenchmarkError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    for remark in outcome.account.remarks:
        sys.stderr.write(f"{remark}\n")
    sys.stdout.write(table(rows(outcome)) + "\n")
    if given.json is not None:
        given.json.write_text(json.dumps(figures(outcome), indent=1) + "\n")
    return 0 if outcome.passed else 1


def _check(given: argparse.Namespace) -> None:
    """Refuse what argparse cannot."""
    for name, least in (("chats", 1), ("turns", 1), ("kills", 0), ("replicas", 1)):
        if getattr(given, name) < least:
            raise BenchmarkError(
                f"--{name}: found {getattr(given, name)}, expected at least {least}."
            )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.chaos",
        description="Kill every part of the bot while people talk to it.",
    )
    add = parser.add_argument
    add("--seed", type=int, default=1, help="decides everything but the interleaving (1)")
    add("--setup", choices=("sqlite", "postgres"), default="sqlite", help="what the bot runs on")
    add("--chats", type=int, default=100, help="people who write (100)")
    add("--turns", type=int, default=1000, help="what they write, all together (1000)")
    add("--kills", type=int, default=20, help="kill -9, all together (20)")
    add("--replicas", type=int, default=3, help="bots of the set-up postgres (3)")
    add("--patience", type=float, default=180.0, help="seconds to wait for an answer (180)")
    add("--logs", type=Path, help="leave the logs of the bots in this folder")
    add("--json", type=Path, help="write the figures to this file")
    return parser


if __name__ == "__main__":
    sys.exit(main())
