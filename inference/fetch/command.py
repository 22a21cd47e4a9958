"""`python -m inference fetch`: a model of the catalogue, onto this machine."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING

from inference.catalogue import FOLDER, load_catalogue
from inference.console import CommandError, environment, say
from inference.fetch.errors import FetchError
from inference.fetch.fetching import fetch
from inference.fetch.part_file import is_whole
from inference.fetch.progress import ConsoleTeller, LinesTeller
from inference.local.limits import available_memory

if TYPE_CHECKING:
    import argparse

    from inference.catalogue import Catalogue, ModelEntry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's flags."""
    parser.add_argument(
        "name", nargs="?", metavar="NAME",
        help='a model of the catalogue, or "best" for the best that fits into the memory; '
        "without it: what there is",
    )  # fmt: skip
    parser.add_argument(
        "--into", type=Path, default=FOLDER, metavar="FOLDER", help=f"default: {FOLDER}"
    )
    parser.add_argument(
        "--from", type=Path, dest="copy", metavar="FILE", help="a copy that is on this machine"
    )
    parser.add_argument(
        "--json", action="store_true", help="tell what happens in JSON, an object a line"
    )


def run(parsed: argparse.Namespace) -> int:
    """Fetch it, or list what there is."""
    own = environment("MODEL_CATALOGUE")
    catalogue = load_catalogue(Path(own) if own else None)
    if parsed.name is None:
        _list(catalogue, parsed.into)
        return 0
    model = _named(catalogue, parsed.name)
    if model.packaged is not None:
        raise CommandError(f"{model.title} comes with the software: there is nothing to fetch.")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as Ctrl-C does
    teller = LinesTeller() if parsed.json else ConsoleTeller()
    if not is_whole(model, model.place(parsed.into)):
        teller.sentence(
            f"{model.title}: {model.note['en']}. {model.bytes / 1e9:.2f} GB, {model.licence} "
            f"({model.licence_url})."
        )
    try:
        place = fetch(model, parsed.into, teller, copy=parsed.copy)
    except FetchError as error:
        raise CommandError(str(error)) from None
    except KeyboardInterrupt:
        teller.sentence("Stopped; the same command goes on where this one ended.")
        return 130
    teller.done(f"{place} is there, and its SHA-256 is right.")
    return 0


def _named(catalogue: Catalogue, name: str) -> ModelEntry:
    if name == "best":
        return catalogue.best(available_memory())
    model = catalogue.named(name)
    if model is None:
        names = ", ".join(one.name for one in catalogue.models if one.packaged is None)
        raise CommandError(f"There is no model called {name}; there is {names}.", exit_status=2)
    return model


def _list(catalogue: Catalogue, folder: Path) -> None:
    for model in catalogue.models:
        state = "there" if model.is_there(folder) else "not there"
        say(f"{model.name} ({state}): {model.title}, {model.note['en']}.")
        size, memory = f"{model.bytes / 1e6:,.0f} MB", f"{model.memory / 1e9:.1f} GB of memory"
        say(f"    {size}, {memory}, {model.licence}")
