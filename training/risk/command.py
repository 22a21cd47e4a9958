"""Train the risk classifier, choose its thresholds on rows it has not seen, write its weights."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from training.risk.data import read_labelled, read_own
from training.risk.evaluate import estimate, figures, thresholds
from training.risk.fit import Fit
from training.risk.ordinary import client_turns, shares

if TYPE_CHECKING:
    import argparse

WEIGHTS = Path("bot/safety/classifier.json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("labelled", type=Path, help="psysuicide's valid.jsonl")
    parser.add_argument(
        "--except",
        dest="without",
        type=Path,
        help="a file of texts, one a line, to leave out (figures only)",
    )
    parser.add_argument(
        "--ordinary",
        type=Path,
        help="SmileChat (CC0): also print how often its client turns raise a level",
    )
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="the weights file to write")
    parser.add_argument("--dry-run", action="store_true", help="figures only, write nothing")


def run(options: argparse.Namespace) -> None:
    """Print the figures of rows not seen, then train on all of them and write the weights."""
    labelled, own = read_labelled(options.labelled), read_own()
    if options.without is not None:
        left_out = set(options.without.read_text("utf-8").split("\n"))
        labelled = [
            example for example in labelled if example.text.replace("\n", " ") not in left_out
        ]
    judged = estimate(labelled, own)
    chosen = thresholds(judged)
    sys.stdout.writelines(f"{line}\n" for line in figures(judged, chosen))
    if not options.dry_run and options.without is None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(Fit(labelled, own).as_json(chosen), "utf-8")
        sys.stdout.write(f"{options.out}: {options.out.stat().st_size} bytes\n")
    if options.ordinary is not None:
        said = client_turns(options.ordinary)
        sys.stdout.writelines(f"{line}\n" for line in shares(said))
