"""Stage: XTuner's checkpoint in Hugging Face's layout: an adapter, or a whole model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from inference.console import say
from training import xtuner
from training.hashing import code_hash
from training.pipeline.environment import ROOT, versions
from training.pipeline.stage import FOLDERS, Stage, made_whole

if TYPE_CHECKING:
    import argparse

    from training.pipeline.stage import StageManifest
    from training.xtuner import Recipe

FOLDER: Final = FOLDERS["convert"]
PACKAGES: Final = ("xtuner", "torch", "transformers", "peft", "safetensors")


def stage(recipe: Recipe, model_hash: str, trained: StageManifest, training: Path) -> Stage:
    """Convert the last checkpoint in the folder `training`."""
    return Stage(
        name="convert",
        folder=FOLDER,
        reads={
            "training": trained.result,
            "model": model_hash,
            "code": code_hash([ROOT / "training/xtuner"]),
            "versions": versions(PACKAGES),
        },
        make=lambda folder: convert(recipe, training / trained.metrics["checkpoint"], folder),
    )


def convert(recipe: Recipe, checkpoint: Path, out: Path) -> dict[str, Any]:
    """Fill `out`; the bytes of the weights. Raises CommandError."""
    made = out / ".made"
    xtuner.convert(recipe, checkpoint, made)
    for file in made.iterdir():
        file.rename(out / file.name)
    made.rmdir()
    return {"bytes": sum(file.stat().st_size for file in out.glob("*.safetensors"))}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `python -m training convert`."""
    parser.add_argument("config", type=Path, help="the config of the training")
    parser.add_argument("checkpoint", type=Path, help="XTuner's .pth, or DeepSpeed's folder")
    parser.add_argument("out", type=Path, help="the folder to write; must not exist")
    parser.add_argument("--model", type=Path, help="the base model (what the config names)")


def run(options: argparse.Namespace) -> None:
    """Convert."""
    with made_whole(options.out) as draft:
        convert(xtuner.Recipe(options.config, options.model), options.checkpoint, draft)
    say(f"{options.out} is in Hugging Face's layout.")
    say(f"Merge it: python -m training merge MODEL {options.out} MERGED --data PREPARED")
