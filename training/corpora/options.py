"""The corpora as options of a command: a path for each that is published, a switch for our own."""

from __future__ import annotations

from argparse import BooleanOptionalAction
from pathlib import Path
from typing import TYPE_CHECKING

from training.corpora.registry import CORPORA

if TYPE_CHECKING:
    import argparse

PUBLISHED = tuple(name for name, corpus in CORPORA.items() if corpus.packaged is None)
KNOWN = ", ".join(f"--{name}" for name in PUBLISHED)


def add_corpus_options(parser: argparse.ArgumentParser) -> None:
    """Declare an option for every corpus of the registry."""
    for name, corpus in CORPORA.items():
        if corpus.packaged is None:
            parser.add_argument(f"--{name}", type=Path, metavar="PATH", help=corpus.title)
        else:
            parser.add_argument(
                f"--{name}", action=BooleanOptionalAction, default=True, help=corpus.title
            )


def chosen_corpora(options: argparse.Namespace) -> dict[str, Path]:
    """Return where the corpora lie that were asked for.

    Empty where no published one is named: our own are too few to prepare alone.
    """
    given = {name: getattr(options, name.replace("-", "_")) for name in CORPORA}
    if not any(given[name] is not None for name in PUBLISHED):
        return {}
    return {
        name: corpus.packaged or given[name]
        for name, corpus in CORPORA.items()
        if given[name] not in (None, False)
    }
