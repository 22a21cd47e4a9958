"""manifest.json: from what, with what and how well a model was made; written after each stage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from training.stages.stage import write_json
from training.stages.versions import machine, revision

if TYPE_CHECKING:
    from pathlib import Path

    from training.stages.stage import Receipt

MANIFEST: Final = "manifest.json"


class Manifest:
    """Collects the receipts of a rebuild."""

    def __init__(self, folder: Path, about: dict[str, Any]) -> None:
        """`about` is what was asked for, without a path of this machine."""
        self._folder = folder
        self._content: dict[str, Any] = {
            **about,
            "code": revision(),
            "machine": machine(),
            "stages": {},
        }

    def add(self, receipt: Receipt) -> None:
        """Note a stage that is complete."""
        self._content["stages"][receipt.stage] = {
            "started": receipt.started,
            "seconds": receipt.seconds,
            "starts": receipt.starts,
            "reads": receipt.reads,
            "result": receipt.result,
            "files": len(receipt.files),
            "bytes": sum(int(file["bytes"]) for file in receipt.files.values()),
            "metrics": receipt.metrics,
        }
        write_json(self._folder / MANIFEST, self._content)
