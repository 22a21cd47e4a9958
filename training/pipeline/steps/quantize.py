"""Stage: the merged model in W4A16, by `python -m inference quantize` in a process of its own.

LMDeploy and XTuner pin different transformers, so this may be another environment's interpreter.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from inference.console import CommandError, say
from training.hashing import code_hash
from training.pipeline.config import QuantizeStep
from training.pipeline.environment import ROOT, run_command, versions
from training.pipeline.stage import FOLDERS, Stage, made_whole

if TYPE_CHECKING:
    import argparse

    from training.pipeline.stage import StageManifest

FOLDER: Final = FOLDERS["quantize"]
_PACKAGES: Final = ("lmdeploy", "torch", "transformers")
_MADE: Final = ".made"


def stage(
    merged: StageManifest,
    data: StageManifest,
    work: Path,
    options: QuantizeStep,
    *,
    trust_remote_code: bool,
) -> Stage:
    """Quantize `work/merged`, calibrated on and compared over the prepared dialogues."""
    return Stage(
        name="quantize",
        folder=FOLDER,
        reads={
            "merged": merged.result,
            "calibration": data.files["calibration.jsonl"],
            "held-out": data.files["held-out.jsonl"],
            "options": {key: value for key, value in asdict(options).items() if key != "python"},
            "code": code_hash([ROOT / "inference" / "quantize"]),
            "versions": versions(_PACKAGES, options.python),
        },
        make=lambda folder: quantize(
            work / "merged", folder, work / "data", options, trust_remote_code=trust_remote_code
        ),
    )


def quantize(
    model: Path, out: Path, data: Path, options: QuantizeStep, *, trust_remote_code: bool
) -> dict[str, Any]:
    """Fill `out` with the quantized model; the figures of its comparison. Raises CommandError."""
    made = out / _MADE / "model"  # the command makes its folder itself, and keeps what it rejects
    status = run_command(
        options.python,
        "inference",
        [
            *("quantize", str(model), str(made), "--calibration", str(data / "calibration.jsonl")),
            *("--held-out", str(data / "held-out.jsonl"), "--samples", str(options.samples)),
            *("--length", str(options.length), "--held-out-tokens", str(options.held_out_tokens)),
            *("--most-loss", str(options.most_loss)),
            *(("--device", options.device) if options.device else ()),
            *(("--trust-remote-code",) if trust_remote_code else ()),
        ],
    )
    if status:
        raise CommandError(f"Quantizing ended with code {status}; its last lines above say why.")
    for file in made.iterdir():
        file.rename(out / file.name)
    shutil.rmtree(made.parent)
    figures = json.loads((out / "quantization.json").read_text(encoding="utf-8"))
    held_out = figures["held_out"]
    return {
        "loss_increase": figures["loss_increase"],
        "original_loss": held_out["original_loss"],
        "quantized_loss": held_out["quantized_loss"],
        "same_first_choice": held_out["top1"],
    }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `python -m training quantize`."""
    usual = QuantizeStep()
    parser.add_argument("model", type=Path, help="the merged model, 16 bits")
    parser.add_argument("out", type=Path, help="the folder to write; must not exist")
    parser.add_argument("--data", type=Path, required=True, help="what `prepare` wrote")
    parser.add_argument("--samples", type=int, default=usual.samples, help="to calibrate on (128)")
    parser.add_argument("--length", type=int, default=usual.length, help="tokens of each (2048)")
    parser.add_argument("--most-loss", type=float, default=usual.most_loss, help="(0.05)")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="")
    parser.add_argument("--trust-remote-code", action="store_true")
    parser.add_argument(
        "--quantize-python", type=Path, default=usual.python, metavar="PATH", help="has LMDeploy"
    )


def run(options: argparse.Namespace) -> None:
    """Quantize on the dialogues that `prepare` set aside."""
    chosen = QuantizeStep(
        python=options.quantize_python,
        samples=options.samples,
        length=options.length,
        most_loss=options.most_loss,
        device=options.device,
    )
    with made_whole(options.out) as draft:
        quantize(
            options.model,
            draft,
            options.data,
            chosen,
            trust_remote_code=options.trust_remote_code,
        )
    say(f"{options.out} is W4A16. Serve it: python -m inference serve {options.out}")
