"""`python -m training small`: encode, train, export; each goes on where it stopped."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from training.small.corpus import BASE, HELD_OUT, TOKENIZER, TUNE, encode, load_packed
from training.small.model import load_trained
from training.small.presets import PRESETS, Preset, changed
from training.small.tokenizer import load_tokenizer
from training.small.train import Sets, Trainer

if TYPE_CHECKING:
    import argparse

STEPS = ("encode", "train", "export")
MODEL_FILE, HUGGING_FACE = "shudong-small.gguf", "hugging-face"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "--prepared", type=Path, help="what `prepare` wrote; not needed where tokens are there"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of this run")
    add_preset_arguments(parser)
    parser.add_argument(
        "--for", type=float, default=math.inf, dest="until", metavar="MINUTES",
        help="stop with a checkpoint after so many minutes; the same command goes on",
    )  # fmt: skip
    parser.add_argument("--only", choices=STEPS, help="run one step instead of all")


def add_preset_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the preset and what changes it."""
    parser.add_argument("--preset", choices=sorted(PRESETS), default="cpu")
    parser.add_argument("--minutes", type=float, help="time budget of the training")
    parser.add_argument("--million-tokens", type=float, help="the same in tokens")
    parser.add_argument(
        "--set", action="append", default=[], dest="settings", metavar="NAME=VALUE",
        help="change a setting of the preset (training/small/presets.py)",
    )  # fmt: skip


def chosen_preset(options: argparse.Namespace) -> Preset:
    """The preset as the options change it; ValueError for what there is not."""
    preset = PRESETS[options.preset]
    if options.minutes is not None or options.million_tokens is not None:
        budget = (
            math.inf if given is None else given
            for given in (options.minutes, options.million_tokens)
        )
        minutes, million_tokens = budget
        train = replace(preset.train, minutes=minutes, million_tokens=million_tokens)
        preset = replace(preset, train=train)
    for setting in options.settings:
        name, _, value = setting.partition("=")
        preset = changed(preset, name, value)
    return preset


def run(options: argparse.Namespace) -> None:
    """Run the steps that are asked for."""
    preset = chosen_preset(options)
    out: Path = options.out
    steps = STEPS if options.only is None else (options.only,)
    if "encode" in steps:
        _encode(options.prepared, out, preset)
    finished = True
    if "train" in steps:
        finished = _train(preset, out, options.until)
    if "export" in steps and finished:
        export(out)


def _encode(prepared: Path | None, out: Path, preset: Preset) -> None:
    if prepared is not None:
        encode(prepared, out, preset.encode)
    elif not (out / BASE).exists():
        raise ValueError("--prepared: say where `python -m training prepare` wrote to")


def _train(preset: Preset, out: Path, until: float) -> bool:
    sets = Sets(*(load_packed(out / name) for name in (BASE, TUNE, HELD_OUT)))
    trainer = Trainer(preset.train, sets, load_tokenizer(out / TOKENIZER), out)
    trainer.run(until)
    return trainer.progress >= 1.0


def export(out: Path) -> None:
    """Write the GGUF file and the Hugging Face folder of a run.

    Of the last weights and their running mean those are taken that the end of the log finds better
    on the counselor's side.
    """
    # Here, so that a machine that only trains needs neither gguf nor safetensors.
    from training.small.export import write_gguf, write_hugging_face  # noqa: PLC0415

    trained = load_trained(out, averaged=average_is_better(out))
    tokenizer = load_tokenizer(out / TOKENIZER)
    description = (
        "A trial model for trying the Shudong software, trained from scratch on SmileChat (CC0) "
        f"and CPsyCounD (CC BY 4.0): {trained.tokens / 1e6:.1f} million tokens in "
        f"{trained.seconds / 60:.0f} minutes. Not for a person in need."
    )
    write_gguf(trained.model, tokenizer, out / MODEL_FILE, description)
    write_hugging_face(trained.model, tokenizer, out / HUGGING_FACE)


def average_is_better(out: Path) -> bool:
    """What the last line of the log with an evaluation says; False where there is none."""
    lines = (out / "log.jsonl").read_text(encoding="utf-8").splitlines()
    for line in map(json.loads, reversed(lines)):
        if "held_out" in line:
            mean, last = line["held_out_average"]["counselor"], line["held_out"]["counselor"]
            return bool(mean < last)
    return False
