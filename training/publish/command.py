"""`python -m training publish`: a promoted model to a hub; only shows it, unless told to send."""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from inference.console import CommandError, say
from training.evaluate.gate import objections
from training.evaluate.report import Report
from training.pipeline.runner import MANIFEST
from training.pipeline.stage import STAGES, read_stage_manifest
from training.publish.card import About, model_card
from training.publish.files import lay_out, outgoing
from training.publish.hubs import HUBS

if TYPE_CHECKING:
    from training.pipeline.stage import StageManifest
    from training.publish.hubs import Hub

FOLDER: Final = "outgoing"
WHICH: Final = {"w4a16": True, "merged": False}
"""Folder in the working folder -> whether it is quantized."""
_REPOSITORY: Final = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--work", type=Path, required=True, help="the folder of a rebuild")
    parser.add_argument(
        "--to",
        type=destination,
        required=True,
        metavar="HUB:OWNER/NAME",
        help="huggingface:OWNER/NAME or modelscope:OWNER/NAME",
    )
    parser.add_argument("--which", choices=tuple(WHICH), default="w4a16", help="(w4a16)")
    parser.add_argument(
        "--base", required=True, help="the base model's name on a hub, for the card"
    )
    parser.add_argument(
        "--licence", default="other", help="as the hub writes it; the base model's counts (other)"
    )
    parser.add_argument("--public", action="store_true", help="everybody may see it")
    parser.add_argument("--really", action="store_true", help="upload; without it nothing is sent")


def destination(text: str) -> tuple[str, str]:
    """For argparse: the hub and the repository."""
    hub, _, repository = text.partition(":")
    if hub not in HUBS or not _REPOSITORY.fullmatch(repository):
        known = " or ".join(f"{name}:OWNER/NAME" for name in HUBS)
        raise argparse.ArgumentTypeError(f"{text!r} is not {known}")
    return hub, repository


def run(options: argparse.Namespace) -> None:
    """Publish, or show what would be published."""
    hub, repository = options.to
    about = About(repository, options.base, options.licence, WHICH[options.which])
    publish(
        options.work,
        options.which,
        about,
        HUBS[hub],
        private=not options.public,
        really=options.really,
    )


def publish(work: Path, which: str, about: About, hub: Hub, *, private: bool, really: bool) -> None:
    """Lay out what goes, show it, and send it if `really`.

    Raises CommandError for a model that was not promoted, is not the one that was evaluated, or
    lies in a folder with anything unknown in it.
    """
    report = _promoted(work, which)
    manifest: dict[str, Any] = json.loads((work / MANIFEST).read_text(encoding="utf-8"))
    if missing := [stage for stage in STAGES if stage not in manifest["stages"]]:
        raise CommandError(
            f"{work / MANIFEST} does not say how the model was made (no {', '.join(missing)}): "
            "something before it has changed. Run rebuild again."
        )
    card = model_card(about, manifest, report)
    items = lay_out(work / which, outgoing(work / which), card, work / FOLDER)
    seen = "private" if private else "PUBLIC"
    say(f"{work / FOLDER} -> {hub.title}, {about.repository} ({seen}):")
    for item in items:
        say(f"{item.size:>16,}  {item.name}")
    say(f"{sum(item.size for item in items):>16,}  bytes in {len(items)} files")
    if not really:
        say("Nothing was sent. Read README.md there; --really sends exactly these files.")
        return
    say(hub.upload(work / FOLDER, about.repository, private=private))


def _promoted(work: Path, which: str) -> Report:
    """The report that lets the model go."""
    evaluated, model = _finished(work / "evaluation"), _finished(work / which)
    damage = model.damage(work / which)
    if damage or evaluated.damage(work / "evaluation"):
        raise CommandError(
            f"{work} is not as it was evaluated ({', '.join(damage) or 'the evaluation'}). "
            "Run rebuild again."
        )
    if evaluated.reads["models"].get(which) != model.result:
        raise CommandError(f"{work / which} is not what was evaluated. Run rebuild again.")
    report = Report.read(work / "evaluation")
    if which != "w4a16":
        report = replace(report, columns=report.columns[:-1])
    against = objections(report)
    if against:
        raise CommandError("Not promoted, so not published:\n" + "\n".join(against))
    return report


def _finished(folder: Path) -> StageManifest:
    manifest = read_stage_manifest(folder)
    if manifest is None:
        raise CommandError(f"{folder} is not finished: python -m training rebuild makes it.")
    return manifest
