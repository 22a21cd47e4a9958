"""One quantization from beginning to end: calibrate, quantize, check, measure, write down."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import torch

from inference import persona
from inference.quantize import agreement, packed
from inference.quantize.dialogues import read_dialogues, write_dataset
from inference.quantize.errors import QuantizeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inference.quantize.agreement import Agreement
    from inference.quantize.dialogues import Dialogue

MANIFEST: Final = "quantization.json"
ROOM_NEEDED: Final = 0.45
"""Disk the result takes, as a share of the original in 16 bits."""

_PACKAGES: Final = ("lmdeploy", "torch", "transformers")


@dataclass(frozen=True, slots=True)
class QuantizeConfig:
    """What to quantize and how. `samples` blocks of `length` tokens calibrate it."""

    model: Path
    out: Path
    calibration: Path
    held_out: Path
    samples: int
    length: int
    held_out_tokens: int
    most_loss: float
    """Nats a token by which the held-out loss may grow."""
    device: str
    trust_remote_code: bool


class Quantizer(Protocol):
    """Quantizes a model, calibrated on these dialogues, into `made`; may write into `scratch`."""

    def __call__(
        self, config: QuantizeConfig, calibration: Sequence[Dialogue], scratch: Path, made: Path
    ) -> object:
        """Raises QuantizeError where it fails."""


def quantize(config: QuantizeConfig, quantizer: Quantizer | None = None) -> Agreement:
    """Quantize `config.model` into `config.out`, a folder that `serve` can take.

    The folder appears only when everything holds. A result that is not good enough is kept beside
    it as `OUT.rejected`, with the figures that say why.

    Args:
        config: what to quantize, and how.
        quantizer: does the work; None: LMDeploy's.

    Raises:
        QuantizeError: something is missing or wrong, LMDeploy failed, or the loss grew too much.
    """
    _check(config)
    calibration = read_dialogues(config.calibration)
    held_out = read_dialogues(config.held_out)
    if not set(calibration).isdisjoint(held_out):
        raise QuantizeError("A dialogue is in both the calibration and the held-out file.")
    blocks = _calibration_blocks(config, calibration)
    samples = agreement.samples_of(
        config.model,
        held_out,
        max_tokens=config.held_out_tokens,
        trust_remote_code=config.trust_remote_code,
    )
    config.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=config.out.parent, prefix=".quantizing-") as scratch:
        made = Path(scratch) / "model"
        (quantizer or _auto_awq)(config, calibration, Path(scratch), made)
        packed.check_config(made)
        if (config.model / persona.FILE).is_file():  # LMDeploy leaves behind what it does not know
            shutil.copy(config.model / persona.FILE, made)
        result, layers = _measure(config, samples, made)
        _write_manifest(config, made, blocks, result, layers)
        if not result.loss_increase <= config.most_loss:  # a loss that is no number is refused too
            rejected = _free_name(config.out.with_name(config.out.name + ".rejected"))
            made.rename(rejected)
            raise QuantizeError(
                f"The held-out loss grew by {result.loss_increase:.3f} nats a token (from "
                f"{result.original_loss:.3f} to {result.quantized_loss:.3f}), more than "
                f"{config.most_loss}. The result is in {rejected}; calibrate on more dialogues, or "
                "allow more with --most-loss."
            )
        made.rename(config.out)
    return result


def _check(config: QuantizeConfig) -> None:
    if min(config.samples, config.length, config.held_out_tokens) < 1:
        raise QuantizeError("--samples, --length and --held-out-tokens are at least 1.")
    if config.out.exists():
        raise QuantizeError(f"{config.out} exists already; name another folder.")
    original = _config(config.model)
    if "quantization_config" in original:
        raise QuantizeError(f"{config.model} is quantized already.")
    if "auto_map" in original and not config.trust_remote_code:
        raise QuantizeError(
            f"{config.model} brings Python code of its own. Read it, and add --trust-remote-code "
            "if you want it to run."
        )
    for name in ("hidden_size", "intermediate_size"):
        width = original.get(name)
        if not isinstance(width, int) or width % packed.GROUP:
            raise QuantizeError(
                f"{config.model}: {name} {width} does not divide by {packed.GROUP}, "
                "the group size of W4A16 in TurboMind."
            )
    weights = [*config.model.glob("*.safetensors"), *config.model.glob("*.bin")]
    if not weights:
        raise QuantizeError(f"{config.model} holds no weights (*.safetensors or *.bin).")
    size = sum(file.stat().st_size for file in weights)
    parent = next(folder for folder in config.out.absolute().parents if folder.exists())
    free = shutil.disk_usage(parent).free
    if free < size * ROOM_NEEDED:
        raise QuantizeError(
            f"The result takes about {size * ROOM_NEEDED / 2**30:.1f} GiB; {parent} has "
            f"{free / 2**30:.1f} GiB free."
        )


def _config(model: Path) -> dict[str, Any]:
    try:
        config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        config = None
    if not isinstance(config, dict):
        raise QuantizeError(
            f"{model} is not a model folder: it has no config.json that can be read."
        )
    return config


def _calibration_blocks(config: QuantizeConfig, calibration: Sequence[Dialogue]) -> int:
    """How many blocks the dialogues make; LMDeploy takes fewer than asked without a word."""
    tokens = agreement.count_tokens(
        config.model, calibration, trust_remote_code=config.trust_remote_code
    )
    blocks = min(config.samples, tokens // config.length)
    if not blocks:
        raise QuantizeError(
            f"{config.calibration} has {tokens} tokens, not one block of {config.length}; bring "
            "more dialogues or lower --length."
        )
    if blocks < config.samples:
        print(
            f"{config.calibration} makes {blocks} blocks of {config.length}, not {config.samples}."
        )
    return blocks


def _auto_awq(
    config: QuantizeConfig, calibration: Sequence[Dialogue], scratch: Path, made: Path
) -> None:
    """Run LMDeploy's quantizer in a process of its own, where it finds our dialogues."""
    write_dataset(calibration, scratch)
    command = [
        *(sys.executable, "-m", "lmdeploy", "lite", "auto_awq", str(config.model.absolute())),
        *("--work-dir", str(made.absolute())),
        *("--calib-dataset", "neuralmagic_calibration"),
        *("--calib-samples", str(config.samples)),
        *("--calib-seqlen", str(config.length)),
        *("--w-bits", str(packed.BITS)),
        *("--w-group-size", str(packed.GROUP)),
        *("--device", config.device),
    ]
    if config.trust_remote_code:
        command.append("--trust-remote-code")
    # Otherwise the hub is asked first, or a set of the same name is taken from an earlier run.
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_CACHE": str(scratch / "cache")}
    ended = subprocess.run(  # noqa: S603 - our own command
        command, cwd=scratch, env=os.environ | offline, check=False
    )
    if ended.returncode:
        raise QuantizeError(
            f"LMDeploy's auto_awq ended with code {ended.returncode}; its last lines above say "
            "why. If memory ran out, lower --samples or --length."
        )
    for statistics in made.glob("*_stats.pth"):
        statistics.unlink()


def _measure(
    config: QuantizeConfig, samples: Sequence[agreement.Sample], made: Path
) -> tuple[Agreement, int]:
    """The agreement, and the number of quantized layers. One model in memory at a time."""
    trust = config.trust_remote_code
    model = agreement.load_original(config.model, device=config.device, trust_remote_code=trust)
    original = agreement.read_with(model, samples)
    del model
    _free_memory()
    model, layers = agreement.load_dequantized(made, device=config.device, trust_remote_code=trust)
    quantized = agreement.read_with(model, samples)
    del model
    _free_memory()
    return agreement.compare(original, quantized), layers


def _free_memory() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _write_manifest(
    config: QuantizeConfig, made: Path, blocks: int, result: Agreement, layers: int
) -> None:
    manifest: dict[str, Any] = {
        "method": "awq",
        "bits": packed.BITS,
        "group_size": packed.GROUP,
        "quantized_layers": layers,
        "calibration": {
            "sha256": _sha256(config.calibration),
            "blocks": blocks,
            "length": config.length,
        },
        "held_out": {"sha256": _sha256(config.held_out), **asdict(result)},
        "loss_increase": result.loss_increase,
        "most_loss": config.most_loss,
        "device": config.device,
        "versions": {package: version(package) for package in _PACKAGES},
        "original": _hashes(config.model),
        "result": _hashes(made),
    }
    text = json.dumps(manifest, indent=2, ensure_ascii=False)
    (made / MANIFEST).write_text(text + "\n", encoding="utf-8")


def _hashes(folder: Path) -> dict[str, str]:
    return {file.name: _sha256(file) for file in sorted(folder.iterdir()) if file.is_file()}


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _free_name(path: Path) -> Path:
    number = 1
    candidate = path
    while candidate.exists():
        number += 1
        candidate = path.with_name(f"{path.name}-{number}")
    return candidate
