"""Stage: base and adapter as one model in 16 bits, with all that serving wants to know of it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from inference import persona
from inference.console import CommandError, say
from inference.serve.checkpoint import read_checkpoint
from training import xtuner
from training.hashing import code_hash
from training.pipeline.environment import ROOT, versions
from training.pipeline.stage import FOLDERS, Stage, made_whole
from training.pipeline.steps.convert import PACKAGES

if TYPE_CHECKING:
    import argparse

    from training.pipeline.stage import StageManifest

FOLDER: Final = FOLDERS["merge"]


def stage(
    model: Path, model_hash: str, adapter: StageManifest, data: StageManifest, work: Path
) -> Stage:
    """Merge `work/adapter` into `model`; weights that were trained as a whole are taken over."""
    return Stage(
        name="merge",
        folder=FOLDER,
        reads={
            "model": model_hash,
            "adapter": adapter.result,
            "data": data.files["train.json"],
            "code": code_hash([ROOT / "training/xtuner", Path(__file__)]),
            "versions": versions(PACKAGES),
        },
        make=lambda folder: merge(model, work / "adapter", work / "data", folder),
    )


def merge(model: Path, adapter: Path, data: Path, out: Path) -> dict[str, Any]:
    """Fill `out` with the merged model, marked with the persona of the data it was trained on.

    Raises CommandError.
    """
    if (adapter / "adapter_config.json").is_file():
        made = out / ".made"
        xtuner.merge(model, adapter, made)
        for file in made.iterdir():
            file.rename(out / file.name)
        made.rmdir()
    else:
        for file in adapter.iterdir():
            if file.is_file():
                _link(file, out / file.name)
    xtuner.mark(out, data / "train.json")
    checkpoint = read_checkpoint(out)
    if not any(out.glob("*.safetensors")):
        raise CommandError(f"{out}: merging wrote no weights (*.safetensors).")
    if checkpoint.wanted_stop_ids - checkpoint.stop_ids:
        raise CommandError(f"{out}: generation_config.json lacks a stop token of this model.")
    if checkpoint.persona != persona.fingerprint():
        say("note: the data was prepared under another system prompt than the bot's of today.")
    return {"persona": checkpoint.persona, "stops_at": sorted(checkpoint.stop_ids)}


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # a disk without links
        shutil.copyfile(source, target)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `python -m training merge`."""
    parser.add_argument("model", type=Path, help="the base model")
    parser.add_argument("adapter", type=Path, help="what `convert` wrote")
    parser.add_argument("out", type=Path, help="the folder to write; must not exist")
    parser.add_argument("--data", type=Path, required=True, help="what it was trained on")


def run(options: argparse.Namespace) -> None:
    """Merge."""
    with made_whole(options.out) as draft:
        merge(options.model, options.adapter, options.data, draft)
    say(f"{options.out} is the merged model in 16 bits.")
    say(f"Quantize it: python -m training quantize {options.out} W4A16 --data {options.data}")
