"""`python -m training tiny`: the base model of the tiny configs, made from our own text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from inference.console import CommandError
from training.tiny.checkpoint import FOLDER, write_base

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--out", type=Path, default=FOLDER, help=f"folder to write ({FOLDER})")


def run(options: argparse.Namespace) -> None:
    """Write it."""
    try:
        print(f"{write_base(options.out)}: a tiny InternLM2 of random text, to try the way with.")
    except FileExistsError as error:
        raise CommandError(f"{error} Remove it, or name another --out.") from None
