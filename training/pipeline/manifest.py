"""manifest.json: from what, with what and how well a model was made; written after each stage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from training.pipeline.stage import FOLDERS, read_stage_manifest, write_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from training.pipeline.stage import StageManifest

MANIFEST: Final = "manifest.json"
ABOUT: Final = "about"
"""Among the figures of `train`: config, base model and recipe of what was trained."""


def write_manifest(work: Path, about: Mapping[str, Any]) -> None:
    """Write what lies in the working folder: stages that were made one from the other.

    `about` is what was asked for, without a path of this machine; it counts until something is
    trained, which then says itself by what.
    """
    receipts = list(on_disk(work))
    trained = next((one.metrics for one in receipts if one.stage == "train"), {})
    rows = {one.stage: _row(one) for one in receipts}
    write_json(work / MANIFEST, {**trained.get(ABOUT, about), "stages": rows})


def on_disk(work: Path) -> Iterator[StageManifest]:
    """The receipts in `work` in their config, as far as each follows from the ones before it."""
    found: dict[str, StageManifest] = {}
    for stage, folder in FOLDERS.items():
        receipt = read_stage_manifest(work / folder)
        if receipt is None or not _follows(receipt, found):
            return
        found[stage] = receipt
        yield receipt


def _follows(receipt: StageManifest, found: Mapping[str, StageManifest]) -> bool:
    reads = receipt.reads
    match receipt.stage:
        case "train":
            return reads["data"] in found["prepare"].files.values()
        case "convert":
            return bool(reads["training"] == found["train"].result)
        case "merge":
            return bool(reads["adapter"] == found["convert"].result)
        case "quantize":
            return bool(reads["merged"] == found["merge"].result)
        case "evaluate":
            return bool(reads["models"]["w4a16"] == found["quantize"].result)
    return True


def _row(receipt: StageManifest) -> dict[str, Any]:
    return {
        "started": receipt.started,
        "seconds": receipt.seconds,
        "starts": receipt.starts,
        "made_with": receipt.made_with,
        "reads": receipt.reads,
        "result": receipt.result,
        "files": len(receipt.files),
        "bytes": sum(int(file["bytes"]) for file in receipt.files.values()),
        "metrics": {name: value for name, value in receipt.metrics.items() if name != ABOUT},
    }
